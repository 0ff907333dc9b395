import { hashesOf, type MutationRecord } from './model/mutation.ts'
import { hashInCell } from './schema/index.ts'
import type { MirrorChange } from './tabs/mirror.ts'
import { isBlobHash, type BlobHash } from './wire/blob-hash.ts'
import type { Json } from './wire/json.ts'

/** Rows and queued writes as they were before a change. */
interface Before {
  row(table: string, rowId: string): { readonly [column: string]: Json } | undefined
  write(seq: number): MutationRecord | undefined
}

/** Blobs that may have lost their last row or write: remembered as changes pass, looked at when there is time. */
export class UnreferencedBlobs {
  readonly #candidates: Set<BlobHash> = new Set()
  readonly #isReferenced: (hash: BlobHash) => boolean

  constructor(isReferenced: (hash: BlobHash) => boolean) {
    this.#isReferenced = isReferenced
  }

  /** Call before the change reaches the rows and the overlay. */
  note(change: MirrorChange, before: Before): void {
    for (const { table, rowId } of change.rows) {
      for (const value of Object.values(before.row(table, rowId) ?? {})) {
        const hash = hashInCell(value)
        if (isBlobHash(hash)) this.#candidates.add(hash)
      }
    }
    // A write that names bytes it did not bring holds no claim: that it goes changes no ledger entry.
    for (const { seq } of change.mutations) for (const hash of hashesOf(before.write(seq)?.ops ?? [])) this.#candidates.add(hash)
    for (const { hash, entry } of change.ledger) if (entry === undefined || entry.claims.length === 0) this.#candidates.add(hash)
  }

  /** Nothing remembers these any more. */
  add(hashes: Iterable<BlobHash>): void {
    for (const hash of hashes) this.#candidates.add(hash)
  }

  /** Those that nothing names, each once. */
  take(): readonly BlobHash[] {
    const hashes = [...this.#candidates].filter((hash) => !this.#isReferenced(hash))
    this.#candidates.clear()
    return hashes
  }
}
