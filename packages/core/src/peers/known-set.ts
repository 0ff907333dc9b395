import type { Clock } from '../provider/environment.ts'
import type { Logger } from '../provider/context.ts'
import type { BlobSource } from '../provider/blob-provider.ts'
import type { BlobHash } from '../wire/blob-hash.ts'
import type { BlobAwareness } from '../wire/presence.ts'
import type { AnnouncedSet } from '../wire/presence-set.ts'

/** Where this device's set and a server's differ, as far as is known. */
export interface Difference {
  /** The server has them, this device does not. */
  readonly missing: readonly BlobHash[]
  /** This device has them, the server does not. */
  readonly lacking: readonly BlobHash[]
  /** False when more may differ: to be asked again later. */
  readonly isWhole: boolean
}

export interface KnownSetDeps {
  readonly source: Pick<BlobSource, 'list'>
  readonly clock: Clock
  readonly logger: Logger
}

/** A server's whole list is read no more often than this, and half as often after each time that it led to nothing new. */
const LIST_EVERY_MS = 15_000
const LIST_SELDOM_MS = 600_000

const NOTHING: Difference = { missing: [], lacking: [], isWhole: true }

/** What one server has, as it says. Cost grows with the difference: whole lists are read only when the last that came do not explain it. */
export class KnownSet {
  readonly #deps: KnownSetDeps
  #listedRoot: string | undefined
  #listedAtMs = -Infinity
  #pauseMs = LIST_EVERY_MS

  constructor(deps: KnownSetDeps) {
    this.#deps = deps
  }

  /** `awaited`: hashes of this device that it is known to lack, because they are on their way to it. */
  async difference(said: BlobAwareness, own: AnnouncedSet, awaited: readonly BlobHash[], signal: AbortSignal): Promise<Difference> {
    if (said.root === undefined) return differenceOf(new Set(said.blobHashes), own)
    if (said.root === own.digest.toHex()) return NOTHING
    const recent = said.blobHashes.filter((hash) => !own.has(hash))
    // What came last, and what is on its way: mostly that is all.
    if (said.root === own.digest.toHex([...recent, ...awaited])) return { missing: recent, lacking: [], isWhole: true }
    const listed = await this.#list(said.root, signal)
    return listed === undefined ? { missing: recent, lacking: [], isWhole: false } : differenceOf(listed, own)
  }

  /** `undefined` when it is not time yet, or the server cannot say. */
  async #list(root: string, signal: AbortSignal): Promise<ReadonlySet<BlobHash> | undefined> {
    const { clock, logger, source } = this.#deps
    const nowMs = clock.monotonicMs()
    if (source.list === undefined || nowMs - this.#listedAtMs < this.#pauseMs) return undefined
    this.#pauseMs = this.#listedRoot === root ? Math.min(LIST_SELDOM_MS, this.#pauseMs * 2) : LIST_EVERY_MS
    this.#listedRoot = root
    this.#listedAtMs = nowMs
    try {
      const hashes = new Set<BlobHash>()
      for await (const page of source.list({ signal })) for (const hash of page) hashes.add(hash)
      return hashes
    } catch (error) {
      signal.throwIfAborted()
      logger.info('a server does not list its blobs', { error: String(error) })
      return undefined
    }
  }
}

function differenceOf(theirs: ReadonlySet<BlobHash>, own: AnnouncedSet): Difference {
  return { missing: [...theirs].filter((hash) => !own.has(hash)), lacking: [...own.hashes].filter((hash) => !theirs.has(hash)), isWhole: true }
}
