import { useCallback, useSyncExternalStore } from 'react'
import { useEngineOr } from './engine-context.ts'

/** A value that changes, as the engine shows its status: the same object while nothing changed. */
export interface StatusSource<Status> {
  getSnapshot(): Status
  /** What a server renders, and a browser while it hydrates that. */
  getServerSnapshot(): Status
  subscribe(listener: () => void): () => void
}

/** What `useSyncStatus` needs of an engine. */
export interface EngineWithStatus {
  readonly status: StatusSource<unknown>
}

export type StatusOf<Engine extends EngineWithStatus> = Engine['status'] extends StatusSource<infer Status> ? Status : never

/**
 * Whether the engine is online, what waits to be sent, and the like: `useSyncStatus(sync)`, or below a `SyncProvider`
 * `useSyncStatus<typeof sync>()`. On a server and while hydrating it is that of an engine which has not begun.
 *
 * @throws Error when no engine is given and there is no provider above.
 */
export function useSyncStatus<Engine extends EngineWithStatus>(engine?: Engine): StatusOf<Engine> {
  const { status } = useEngineOr<Engine>(engine)
  const subscribe = useCallback((listener: () => void) => status.subscribe(listener), [status])
  const getSnapshot = useCallback(() => status.getSnapshot() as StatusOf<Engine>, [status])
  const getServerSnapshot = useCallback(() => status.getServerSnapshot() as StatusOf<Engine>, [status])
  return useSyncExternalStore(subscribe, getSnapshot, getServerSnapshot)
}
