/** Time. Backoff, leases and expiry use `monotonicMs`; `nowMs` is for people and for talking to servers. */
export interface Clock {
  /** Since 1970, as the device believes. May jump. */
  nowMs(): number
  /** Never goes back within a session. */
  monotonicMs(): number
  /** Calls back once after `delayMs`; the returned function takes it back. */
  timer(delayMs: number, callback: () => void): () => void
}

/** A hint whether trying is worth it. Only answers from servers decide anything. */
export interface Connectivity {
  readonly online: boolean
  /** The person pays for each byte, or asks for few; left out where the platform does not know. A change is told like `online`. */
  readonly metered?: boolean
  subscribe(listener: (online: boolean) => void): () => void
}

/** Released by `release()`, and by the platform when the tab dies. */
export interface HeldLock {
  release(): void
}

export interface LockRequest {
  readonly mode: 'exclusive' | 'shared'
  /** Takes it from whoever holds it, at once; for a holder that is silent. Only with `exclusive`, and with nothing else. */
  readonly steal?: boolean
  /** Answers `undefined` at once instead of waiting. */
  readonly ifAvailable?: boolean
  /** While waiting: rejects with its reason. */
  readonly signal?: AbortSignal
}

/** Locks over all tabs of an origin, first come first served (Web Locks in browsers). */
export interface Locks {
  /** `page` where the platform has none for more than one page. Default `origin`. */
  readonly scope?: 'origin' | 'page'
  acquire(name: string, request: LockRequest & { readonly ifAvailable: true }): Promise<HeldLock | undefined>
  acquire(name: string, request: LockRequest): Promise<HeldLock>
}

/** `hide`: the page may be frozen or dropped without another word, as soon as the listener returns. `show`: it is back. */
export interface PageLifecycle {
  subscribe(listener: (event: 'hide' | 'show') => void): () => void
}

/** What the platform says of this app's storage. */
export interface PlatformStorage {
  estimate(): Promise<{ readonly usageBytes: number; readonly quotaBytes: number }>
  /** Asks that nothing be evicted by the platform. Some platforms ask the person, some never answer. */
  persist(): Promise<boolean>
}

/** Words between the tabs of an origin. Some are lost, late or out of order: nothing may depend on them. */
export interface TabChannel {
  /** To the other tabs, never to this one. Plain data. */
  post(message: unknown): void
  /** Ends both ways. Calling it twice is fine. */
  close(): void
}

/** Opens a channel by name; `onMessage` is never called after `close`. */
export type OpenTabChannel = (name: string, onMessage: (message: unknown) => void) => TabChannel

/** Everything that a test wants under its hand. */
export interface Environment {
  readonly clock: Clock
  readonly connectivity: Connectivity
  readonly locks: Locks
  readonly lifecycle: PageLifecycle
  /** Left out where the platform says nothing of its storage. */
  readonly storage?: PlatformStorage
  /** Left out: events about what the leading tab does are told in that tab alone. */
  readonly channel?: OpenTabChannel
  /** In [0, 1): for jitter, never for ids. */
  random(): number
  /** For ids: from a cryptographic source outside of tests. */
  randomBytes(length: number): Uint8Array
  readonly fetch: typeof fetch
}
