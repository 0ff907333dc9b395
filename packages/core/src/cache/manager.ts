import { BseError } from '../errors.ts'
import { hashBlob } from '../hash/index.ts'
import { storedSomewhere, withLocal, withRemote } from '../ledger/entry.ts'
import { changeEntry, readEntry } from '../ledger/ledger.ts'
import type { LedgerEntry } from '../model/ledger-entry.ts'
import type { RemoteRef } from '../provider/blob-provider.ts'
import type { HeldLock } from '../provider/environment.ts'
import { bytesKey } from '../state/keys.ts'
import type { BlobHash } from '../wire/blob-hash.ts'
import { fetchBlob, type FetchDeps } from './fetch.ts'
import { ingest, type IngestResult } from './ingest.ts'
import { evictBlob, forgetUnreferenced, reclaimStaged, type ReclaimDeps } from './reclaim.ts'
import { SharedFetch } from './shared-fetch.ts'
import { withRoom } from './with-room.ts'

export interface CacheManagerOptions extends FetchDeps, ReclaimDeps {
  /** These bytes were read. */
  readonly onUse: (hash: BlobHash) => void
  /** A file that should be here is not: others may be gone too. `isLost`: nobody else has its bytes. */
  readonly onFileGone: (isLost: boolean) => void
  /** Like `makeRoom`, but what is dear to the person stays: nobody waits for what is only fetched. */
  readonly makeRoomForFetch: (neededBytes: number) => Promise<number>
}

/** Verified bytes in and out of this device, wherever they are kept: inline in state, or in the cache store. */
export class CacheManager {
  readonly #deps: CacheManagerOptions
  /** Hashes whose bytes were read whole and found right in this session. */
  readonly #verified: Set<BlobHash> = new Set()
  readonly #fetching: Map<BlobHash, SharedFetch> = new Map()
  readonly #closing: AbortController = new AbortController()

  constructor(options: CacheManagerOptions) {
    this.#deps = options
  }

  ingest(sources: readonly Blob[], signal: AbortSignal): Promise<IngestResult> {
    return ingest(this.#deps, sources, signal)
  }

  /** Keeps the bytes where they are while somebody reads them. */
  borrow(hash: BlobHash, signal?: AbortSignal): Promise<HeldLock> {
    return this.#deps.locks.borrow(hash, signal)
  }

  /** The bytes on this device, whole and right, or `undefined`. `again` verifies even when this session did already. */
  async local(hash: BlobHash, options: { readonly again?: boolean } = {}): Promise<Blob | undefined> {
    const entry = await readEntry(this.#deps.state, hash)
    if (entry?.local !== 'present') return undefined
    const blob = await this.#stored(entry)
    if (blob !== undefined && (await this.#isRight(hash, blob, options.again === true))) {
      this.#deps.onUse(hash)
      return blob
    }
    await this.#missing(entry, blob !== undefined)
    return undefined
  }

  /**
   * The bytes, fetched first when they are not here. `makesRoom: false`: nobody has asked to see them, so nothing goes for them.
   *
   * @throws BseError `NOT_FOUND`, `GONE`, `NETWORK`, `HASH_MISMATCH`, `STORAGE_FULL` and what else the remote says.
   * @throws the signal's reason; a fetch that others wait for goes on, any other ends.
   */
  async open(ref: RemoteRef, signal: AbortSignal, { makesRoom = true }: { readonly makesRoom?: boolean } = {}): Promise<Blob> {
    const here = await this.local(ref.hash)
    if (here !== undefined) return here
    // In a full cache what has just come may be the next to go: before the one who asked for it has seen it.
    const lent = await this.borrow(ref.hash, signal)
    try {
      await this.#fetch(ref).wait(signal, makesRoom)
      const fetched = await this.local(ref.hash)
      if (fetched === undefined) throw new BseError('NOT_FOUND', 'cache.open: the bytes are not here', { what: 'blob', id: ref.hash })
      return fetched
    } finally {
      lent.release()
    }
  }

  reclaim(hash: BlobHash): Promise<void> {
    return reclaimStaged(this.#deps, hash)
  }

  /** Lets go of bytes that no row and no write names any more. */
  async release(hash: BlobHash): Promise<void> {
    await forgetUnreferenced(this.#deps, hash)
    await this.evict(hash)
  }

  /** Looks whether the bytes are where the record says, without reading them. */
  async recheck(hash: BlobHash): Promise<'here' | 'missing'> {
    const entry = await readEntry(this.#deps.state, hash)
    if (entry?.local !== 'present' || entry.inline || (await this.#deps.store.get(hash)) !== undefined) return 'here'
    await this.#missing(entry, false)
    return 'missing'
  }

  /** `waits: false`: bytes that somebody is bringing in at this moment stay. */
  async evict(hash: BlobHash, options: { readonly waits: boolean } = { waits: true }): Promise<'evicted' | 'kept'> {
    const outcome = await evictBlob(this.#deps, hash, options)
    if (outcome === 'evicted') this.#verified.delete(hash)
    return outcome
  }

  close(): void {
    this.#closing.abort(new BseError('CLOSED', 'cache: the engine was closed', { what: 'engine' }))
  }

  #fetch(ref: RemoteRef): SharedFetch {
    const running = this.#fetching.get(ref.hash)
    if (running?.isGivenUp === false) return running
    const fetching = new SharedFetch((shared, signal) => this.#fetchNow(ref, shared, signal), this.#closing.signal)
    this.#fetching.set(ref.hash, fetching)
    return fetching
  }

  async #fetchNow(ref: RemoteRef, shared: SharedFetch, signal: AbortSignal): Promise<void> {
    const makeRoom = async (neededBytes: number): Promise<number> => (shared.makesRoom ? this.#deps.makeRoomForFetch(neededBytes) : 0)
    try {
      await withRoom({ ...this.#deps, makeRoom }, ref.sizeBytes ?? 0, () => fetchBlob(this.#deps, ref, signal))
      this.#verified.add(ref.hash)
    } finally {
      if (this.#fetching.get(ref.hash) === shared) this.#fetching.delete(ref.hash)
    }
  }

  async #stored(entry: LedgerEntry): Promise<Blob | undefined> {
    if (!entry.inline) return this.#deps.store.get(entry.hash)
    const [bytes] = await this.#deps.state.get([bytesKey(entry.hash)])
    return bytes instanceof Uint8Array ? new Blob([bytes as Uint8Array<ArrayBuffer>]) : undefined
  }

  async #isRight(hash: BlobHash, blob: Blob, again: boolean): Promise<boolean> {
    if (this.#verified.has(hash) && !again) return true
    try {
      if ((await hashBlob(blob)) !== hash) return false
    } catch (error) {
      // The file went away under the Blob. Anything else is not about these bytes.
      if (!isGoneFile(error) && !(await this.#isGone(hash, error))) throw error
      return false
    }
    this.#verified.add(hash)
    return true
  }

  /** Firefox says only `AbortError`, for a file that went away and for reads that it gave up: the store tells which. */
  async #isGone(hash: BlobHash, error: unknown): Promise<boolean> {
    return error instanceof DOMException && error.name === 'AbortError' && (await this.#deps.store.get(hash)) === undefined
  }

  /**
   * Wrong bytes that a remote has right are removed, to be fetched anew. Wrong bytes that are nowhere else stay on disk (one
   * flipped bit in somebody's only copy is better than nothing), but the record says `lost` and nobody is handed them.
   */
  async #missing(entry: LedgerEntry, wrongBytes: boolean): Promise<void> {
    const { hash } = entry
    const { state, store, locks, references } = this.#deps
    this.#verified.delete(hash)
    const lock = await locks.change(hash)
    try {
      const now = await readEntry(state, hash)
      if (now?.local !== 'present') return
      if (!now.inline && !wrongBytes && (await store.get(hash)) !== undefined) return
      if (!now.inline && wrongBytes && storedSomewhere(now) && (await store.delete(hash)) === 'busy') return
      const referenced = references.count(hash) > 0
      const after = await changeEntry(state, now, (before) => loseBytes(before, referenced), { durability: 'strict' })
      if (!now.inline && !wrongBytes) this.#deps.onFileGone(after.local === 'lost')
    } finally {
      lock.release()
    }
  }
}

function loseBytes(entry: LedgerEntry, referenced: boolean): LedgerEntry {
  const without = withLocal(entry, 'missing', referenced)
  // What a remote still wants of bytes that another one has can be fetched from there.
  if (storedSomewhere(without)) return without
  return Object.keys(without.remotes).reduce((next, remoteId) => withRemote(next, remoteId, 'bytesLost', referenced), without)
}

function isGoneFile(error: unknown): boolean {
  return error instanceof DOMException && (error.name === 'NotReadableError' || error.name === 'NotFoundError')
}
