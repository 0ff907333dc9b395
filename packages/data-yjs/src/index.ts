export { hocuspocusSync, type HocuspocusProviderLike } from './hocuspocus-sync.ts'
export type { YjsSync, YjsSyncState } from './sync.ts'
export { yjsPresence, type AwarenessLike, type YjsPresenceOptions } from './yjs-presence.ts'
export { yjsData, type YjsDataOptions, type YjsSyncContext } from './yjs-data.ts'
