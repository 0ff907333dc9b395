import type { SyncStatus } from './events.ts'

/** Of an engine that has not begun: what a server renders, and what a browser must render first over it. */
export const INITIAL_STATUS: SyncStatus = Object.freeze({ online: true, paused: false, leads: false, durable: undefined, persisted: undefined, pending: Object.freeze([]), error: undefined })

/** The latest status as one immutable object, made only when somebody looks. Fit for `useSyncExternalStore`. */
export class StatusStore {
  readonly #make: () => SyncStatus
  readonly #listeners: Set<() => void> = new Set()
  #current: SyncStatus | undefined
  #isTelling = false

  constructor(make: () => SyncStatus) {
    this.#make = make
  }

  getSnapshot(): SyncStatus {
    this.#current ??= this.#make()
    return this.#current
  }

  subscribe(listener: () => void): () => void {
    const own = (): void => listener()
    this.#listeners.add(own)
    return () => void this.#listeners.delete(own)
  }

  /** Something in it changed. Listeners are told once for all changes of a turn. */
  changed(): void {
    this.#current = undefined
    if (this.#isTelling) return
    this.#isTelling = true
    queueMicrotask(() => {
      this.#isTelling = false
      for (const listener of [...this.#listeners]) listener()
    })
  }
}
