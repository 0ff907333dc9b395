/** How a document stands to the server that it is synced with. */
export interface YjsSyncState {
  /**
   * `read-only`: the server sends and takes nothing. `refused`: it does not accept the credentials.
   * `offline` covers every other reason why there is no connection.
   */
  readonly link: 'offline' | 'online' | 'read-only' | 'refused'
  /** What the server held when this connection began has arrived. */
  readonly synced: boolean
  /**
   * At this very moment the server holds all that the document holds. Must turn false inside the document's own `update`
   * event of a local change, and true only after the server has acknowledged: a mutation is reported as confirmed on it.
   */
  readonly serverHasAll: boolean
}

/** What `yjsData` needs to know of the Yjs provider that carries the document to a server. */
export interface YjsSync {
  readonly state: YjsSyncState
  /** Calls back after each change of `state`; the returned function ends it. */
  subscribe(listener: () => void): () => void
  /** Ends the connection for good. Calling it twice is fine. */
  close(): void | Promise<void>
}

/** Holds a state and tells who listens when it changes. */
export class SyncStateCell {
  readonly #listeners = new Set<() => void>()
  #state: YjsSyncState = { link: 'offline', synced: false, serverHasAll: false }

  get state(): YjsSyncState {
    return this.#state
  }

  set(change: Partial<YjsSyncState>): void {
    const next = { ...this.#state, ...change }
    const same = next.link === this.#state.link && next.synced === this.#state.synced && next.serverHasAll === this.#state.serverHasAll
    if (same) return
    this.#state = next
    for (const listener of [...this.#listeners]) listener()
  }

  subscribe(listener: () => void): () => void {
    this.#listeners.add(listener)
    return () => {
      this.#listeners.delete(listener)
    }
  }
}
