import type { ReactElement, ReactNode } from 'react'
import { EngineContext } from './engine-context.ts'

export interface SyncProviderProps {
  /** What `createSyncEngine` gave. The provider neither opens nor closes it. */
  readonly engine: object
  readonly children?: ReactNode
}

/** Hands the engine to `useSyncEngine` and `useSyncStatus` below. `useSync` needs no provider. */
export function SyncProvider({ engine, children }: SyncProviderProps): ReactElement {
  return <EngineContext.Provider value={engine}>{children}</EngineContext.Provider>
}
