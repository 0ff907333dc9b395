import type { Mutex } from './mutex.ts'

/** Somebody waits: changes of so long are taken together. */
const SOON_MS = 20
/** Nobody does: nothing is gained by taking each commit alone. */
const LATER_MS = 100
/** A loss of the database's connection can hide a notification. */
const CHECK_EVERY_MS = 5_000

export interface FollowerOptions {
  readonly turn: Mutex
  readonly take: () => Promise<void>
  readonly isAwaited: () => boolean
  readonly onFailure: (error: unknown) => void
}

/** Decides when changes are taken: soon while somebody waits for them, later and together while nobody does, at once for who asks. */
export class Follower {
  readonly #options: FollowerOptions
  #timer: { readonly handle: ReturnType<typeof setTimeout>; readonly atMs: number } | undefined
  #check: ReturnType<typeof setInterval> | undefined
  #queued: Promise<void> | undefined
  #hasBegun = false
  #closed = false

  constructor(options: FollowerOptions) {
    this.#options = options
  }

  /** What was committed while no server ran is taken a moment after the start. */
  open(): void {
    this.#within(LATER_MS)
    this.#check = setInterval(() => this.wake(), CHECK_EVERY_MS)
    this.#check.unref()
  }

  /** There may be something to take. */
  wake(): void {
    this.#within(this.#options.isAwaited() ? SOON_MS : LATER_MS)
  }

  /** Somebody begins to wait: what was left for later is taken soon. */
  hurry(): void {
    if (this.#timer !== undefined && this.#hasBegun) this.#within(SOON_MS)
  }

  /** Resolves when all is taken that had been committed before the call. Right after a start it does not wait for what a server missed. */
  async current(): Promise<void> {
    if (this.#hasBegun) await this.#run()
  }

  async close(): Promise<void> {
    this.#closed = true
    clearInterval(this.#check)
    clearTimeout(this.#timer?.handle)
    await this.#options.turn.run(async () => undefined)
  }

  #within(delayMs: number): void {
    const atMs = performance.now() + delayMs
    if (this.#closed || (this.#timer !== undefined && this.#timer.atMs <= atMs)) return
    clearTimeout(this.#timer?.handle)
    const handle = setTimeout(() => {
      this.#timer = undefined
      this.#run().catch((error: unknown) => this.#options.onFailure(error))
    }, delayMs)
    this.#timer = { handle, atMs }
  }

  /** Whoever calls before the next turn begins shares it. */
  #run(): Promise<void> {
    this.#hasBegun = true
    this.#queued ??= this.#options.turn.run(async () => {
      this.#queued = undefined
      if (!this.#closed) await this.#options.take()
    })
    return this.#queued
  }
}
