import { hasCode } from '../errors.ts'
import type { RemoteRef } from '../provider/blob-provider.ts'
import type { Logger } from '../provider/context.ts'
import type { Clock } from '../provider/environment.ts'
import type { BlobHash } from '../wire/blob-hash.ts'

export interface FullReplicaDeps {
  /** Fetches, whatever the cache's own limit says; others may go for it when the device is full. */
  readonly open: (ref: RemoteRef, signal: AbortSignal) => Promise<unknown>
  /** Everything on this device is known from then on. */
  readonly ready: () => Promise<void>
  readonly isHere: (hash: BlobHash) => boolean
  /** Whether a column that is kept whole still names it. */
  readonly isWanted: (hash: BlobHash) => boolean
  /** False while the person's network is not to be used for what nobody waits for. */
  readonly mayFetch: () => boolean
  readonly clock: Clock
  readonly logger: Logger
}

/** Few, so that what somebody waits for is not held up. */
const AT_ONCE = 2
const FIRST_PAUSE_MS = 2_000
const LONGEST_PAUSE_MS = 300_000

/**
 * Brings all blobs of some columns onto this device, in the background and by the leading tab alone. Each is fetched once: what is let go of afterwards
 * stays away until it is looked at. A network or a disk that fails makes everything wait, longer each time; a blob that nobody has waits alone.
 */
export class FullReplica {
  readonly #deps: FullReplicaDeps
  readonly #waiting: Map<BlobHash, RemoteRef> = new Map()
  readonly #running: Map<BlobHash, AbortController> = new Map()
  /** Nobody had them: asked for again when the network comes back. */
  readonly #missing: Map<BlobHash, RemoteRef> = new Map()
  /** Came here under this lead, or were here before. */
  readonly #done: Set<BlobHash> = new Set()
  #leading: AbortSignal | undefined
  #isReady = false
  #failures = 0
  #cancelPause: (() => void) | undefined

  constructor(deps: FullReplicaDeps) {
    this.#deps = deps
  }

  /** This tab does it from now on, until the signal says otherwise. */
  begin(refs: Iterable<RemoteRef>, leading: AbortSignal): void {
    this.#leading = leading
    leading.addEventListener('abort', () => this.#end(leading), { once: true })
    this.add(refs)
    this.#deps.ready().then(() => {
      this.#isReady = true
      this.#next()
    }, (error: unknown) => this.#deps.logger.warn('what is on this device cannot be listed', { error: String(error) }))
  }

  /** Rows name these now. */
  add(refs: Iterable<RemoteRef>): void {
    if (this.#leading === undefined) return
    for (const ref of refs) if (!this.#done.has(ref.hash) && !this.#running.has(ref.hash) && !this.#missing.has(ref.hash)) this.#waiting.set(ref.hash, ref)
    this.#next()
  }

  /** Rows may have ceased to name what is being fetched. */
  rowsChanged(): void {
    for (const [hash, fetch] of this.#running) if (!this.#deps.isWanted(hash)) fetch.abort(new DOMException('No row names it any more', 'AbortError'))
  }

  /** What came here may be gone. */
  forget(): void {
    this.#done.clear()
  }

  /** Of what waits or was nowhere to be had, keeps only what is still wanted: others may name anything. */
  prune(): void {
    for (const left of [this.#waiting, this.#missing]) for (const hash of left.keys()) if (!this.#deps.isWanted(hash)) left.delete(hash)
  }

  /** The network may be back, or may be used again. */
  retry(): void {
    this.#failures = 0
    this.#cancelPause?.()
    this.#cancelPause = undefined
    for (const [hash, ref] of this.#missing) this.#waiting.set(hash, ref)
    this.#missing.clear()
    this.#next()
  }

  #end(leading: AbortSignal): void {
    if (this.#leading !== leading) return
    this.#leading = undefined
    this.#cancelPause?.()
    this.#cancelPause = undefined
    this.#failures = 0
    for (const fetch of this.#running.values()) fetch.abort(leading.reason)
    for (const left of [this.#waiting, this.#missing, this.#done]) left.clear()
  }

  #next(): void {
    const leading = this.#leading
    if (leading === undefined || !this.#isReady || this.#cancelPause !== undefined || !this.#deps.mayFetch()) return
    for (const [hash, ref] of this.#waiting) {
      if (this.#running.size >= AT_ONCE) return
      this.#waiting.delete(hash)
      if (!this.#deps.isWanted(hash)) continue
      if (this.#deps.isHere(hash)) this.#done.add(hash)
      else void this.#fetch(ref, leading)
    }
  }

  async #fetch(ref: RemoteRef, leading: AbortSignal): Promise<void> {
    const cancel = new AbortController()
    this.#running.set(ref.hash, cancel)
    try {
      await this.#deps.open(ref, AbortSignal.any([cancel.signal, leading]))
      this.#failures = 0
      if (this.#leading === leading) this.#done.add(ref.hash)
    } catch (error) {
      if (!cancel.signal.aborted && this.#leading === leading) this.#failed(ref, error)
    } finally {
      this.#running.delete(ref.hash)
      this.#next()
    }
  }

  #failed(ref: RemoteRef, error: unknown): void {
    if (hasCode(error, 'NOT_FOUND') || hasCode(error, 'GONE') || hasCode(error, 'HASH_MISMATCH')) {
      this.#missing.set(ref.hash, ref)
      return
    }
    this.#waiting.set(ref.hash, ref)
    this.#failures += 1
    const pauseMs = Math.min(LONGEST_PAUSE_MS, FIRST_PAUSE_MS * 2 ** (this.#failures - 1))
    this.#deps.logger.info('could not fetch what this device keeps', { error: String(error), pauseMs })
    this.#cancelPause ??= this.#deps.clock.timer(pauseMs, () => {
      this.#cancelPause = undefined
      this.#next()
    })
  }
}
