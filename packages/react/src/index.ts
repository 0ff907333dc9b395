export { useSyncEngine } from './engine-context.ts'
export { SyncProvider, type SyncProviderProps } from './sync-provider.tsx'
export { useSync } from './use-sync.ts'
export { useSyncStatus, type EngineWithStatus, type StatusOf, type StatusSource } from './use-sync-status.ts'
