import type { Clock } from '../provider/environment.ts'
import { blobInCell } from './blob-in-cell.ts'
import type { BlobUrls, UrlLoan } from './blob-urls.ts'
import type { LentBlob } from './lent-url.ts'
import { PLACEHOLDER_URL } from './placeholder.ts'

/** What is known of one blob at one moment. */
export interface BlobSnapshot {
  /** An object URL, valid while somebody is subscribed; `PLACEHOLDER_URL` until it is there. */
  readonly url: string
  /** `missing`: the bytes cannot be had now. They are asked for again when the network or the bytes come, and upon `retry`. */
  readonly state: 'loading' | 'ready' | 'missing'
}

/** The URL of one blob, wherever the reference comes from. */
export interface LiveBlob {
  /** The same object while nothing changed. */
  getSnapshot(): BlobSnapshot
  /** Fetches the bytes while anybody listens. The last one to leave releases the URL, after a short grace. */
  subscribe(listener: () => void): () => void
  /** Asks for missing bytes now. */
  retry(): void
}

/** A server that fails may be well again soon: asked so often and so late, then only when something is new. In milliseconds. */
const RETRY_AFTER_MS: readonly number[] = [2_000, 8_000, 32_000]

export const LOADING_BLOB: BlobSnapshot = Object.freeze({ url: PLACEHOLDER_URL, state: 'loading' })
const MISSING_BLOB: BlobSnapshot = Object.freeze({ url: PLACEHOLDER_URL, state: 'missing' })

export class SharedLiveBlob implements LiveBlob {
  readonly #urls: BlobUrls
  readonly #clock: Clock
  readonly #blob: LentBlob | undefined
  readonly #listeners: Set<{ readonly call: () => void }> = new Set()
  #loan: UrlLoan | undefined
  #snapshot: BlobSnapshot = LOADING_BLOB
  #retries = 0
  #cancelRetry: (() => void) | undefined

  constructor(reference: unknown, urls: BlobUrls, clock: Clock) {
    this.#blob = blobInCell(reference)
    this.#urls = urls
    this.#clock = clock
  }

  readonly getSnapshot = (): BlobSnapshot => {
    const next = this.#now()
    if (next.url !== this.#snapshot.url || next.state !== this.#snapshot.state) this.#snapshot = next
    return this.#snapshot
  }

  readonly subscribe = (listener: () => void): (() => void) => {
    const entry = { call: listener }
    this.#listeners.add(entry)
    this.#borrow()
    return () => {
      if (this.#listeners.delete(entry) && this.#listeners.size === 0) this.#giveBack()
    }
  }

  readonly retry = (): void => {
    this.#cancelRetry?.()
    this.#cancelRetry = undefined
    this.#loan?.retry()
    this.#tell()
  }

  #now(): BlobSnapshot {
    // Before anybody listens, a URL that is there already spares the picture a flicker: when a new row gets its hash, or upon a remount.
    const url = this.#loan?.url ?? (this.#blob === undefined ? PLACEHOLDER_URL : this.#urls.peek(this.#blob))
    if (url !== PLACEHOLDER_URL) return { url, state: 'ready' }
    return this.#loan?.isOpening !== false ? LOADING_BLOB : MISSING_BLOB
  }

  #borrow(): void {
    if (this.#loan !== undefined || this.#blob === undefined) return
    this.#retries = 0
    this.#loan = this.#urls.lend(this.#blob, { refreshes: true, onChange: () => this.#changed() })
  }

  #giveBack(): void {
    this.#cancelRetry?.()
    this.#cancelRetry = undefined
    this.#loan?.release()
    this.#loan = undefined
  }

  #changed(): void {
    const waitMs = RETRY_AFTER_MS[this.#retries]
    if (this.#now().state === 'missing' && waitMs !== undefined && this.#cancelRetry === undefined) {
      this.#retries += 1
      this.#cancelRetry = this.#clock.timer(waitMs, this.retry)
    }
    this.#tell()
  }

  #tell(): void {
    for (const { call } of [...this.#listeners]) call()
  }
}
