import { hasCode } from '../errors.ts'
import type { BlobHash } from '../wire/blob-hash.ts'

/** A place to read from, under the name that the ledger has for it. */
interface Place {
  readonly remoteId: string
}

/** How far back somebody is put who says to have what it then does not give. */
const LIE = 1
/** Of silence and refusals. */
const FAILURE = 1
/** Wrong bytes: whoever sends them is asked last for the rest of the session. */
const CORRUPT = Infinity

/** Who is asked first: of those that fail least, those that say to have it; in the order of the configuration otherwise. */
export class SourceOrder {
  readonly #demerits: Map<string, number> = new Map()
  readonly #saysToHave: (remoteId: string, hash: BlobHash) => boolean

  constructor(saysToHave: (remoteId: string, hash: BlobHash) => boolean) {
    this.#saysToHave = saysToHave
  }

  order<P extends Place>(hash: BlobHash, places: readonly P[]): readonly P[] {
    const rank = ({ remoteId }: P): number => (this.#demerits.get(remoteId) ?? 0) - (this.#saysToHave(remoteId, hash) ? 0.5 : 0)
    return [...places].sort((a, b) => compare(rank(a), rank(b)))
  }

  /** It gave the right bytes: what it missed before is forgiven by and by, wrong bytes are not. */
  answered(remoteId: string): void {
    const demerits = this.#demerits.get(remoteId) ?? 0
    if (demerits > 0) this.#demerits.set(remoteId, Math.max(0, demerits - FAILURE))
  }

  failed(remoteId: string, hash: BlobHash, error: unknown): void {
    const isAbsent = hasCode(error, 'NOT_FOUND') || hasCode(error, 'GONE')
    if (hasCode(error, 'STORAGE_FULL') || hasCode(error, 'STORAGE_FAILED') || (isAbsent && !this.#saysToHave(remoteId, hash))) return
    const demerit = hasCode(error, 'HASH_MISMATCH') ? CORRUPT : isAbsent ? LIE : FAILURE
    this.#demerits.set(remoteId, (this.#demerits.get(remoteId) ?? 0) + demerit)
  }
}

/** Infinity is not subtracted from itself. */
function compare(a: number, b: number): number {
  return a === b ? 0 : a < b ? -1 : 1
}
