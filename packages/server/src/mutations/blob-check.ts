import type { BlobHash, MutationOp, RowWire } from '@bse/core/wire'
import { mapLimited } from '../blob-call.ts'
import type { BlobStorage } from '../blob-storage.ts'
import type { Queryable } from '../shapes/database.ts'
import { hashInCell } from './cells.ts'
import { Refused } from './refused.ts'
import { LEASE_SECONDS, LOCKS } from './setup-sql.ts'
import type { WritableTable } from './tables.ts'

/** What is asked about bytes: whether they are stored. */
export type BlobExistence = Pick<BlobStorage, 'head'>

const AT_ONCE = 8
/** A collector is done with a blob in about this time. */
const AFTER_COLLECTING_MS = 1_000

/** Whether the bytes are there that the rows of a mutation are going to name, asked where no collector can come in between. */
export class BlobCheck {
  readonly #blobs: BlobExistence | undefined
  readonly #hashesBySpace = new Map<string, Set<BlobHash>>()

  /** Without `blobs` only what is being collected is looked at. */
  constructor(blobs: BlobExistence | undefined) {
    this.#blobs = blobs
  }

  /** What the row names already is safe: it is referenced. */
  add(space: string, table: WritableTable, { values }: MutationOp, current: RowWire | null): void {
    for (const [property, value] of Object.entries(values)) {
      const column = table.columns.get(property)
      const hash = column === undefined ? undefined : hashInCell(column, value)
      if (column === undefined || hash === undefined || hash === hashInCell(column, current?.[property] ?? null)) continue
      this.#hashesBySpace.set(space, (this.#hashesBySpace.get(space) ?? new Set()).add(hash))
    }
  }

  /** @throws Refused `needs-blobs`; `retry` while one of them is being collected. */
  async run(on: Queryable): Promise<void> {
    const missing: BlobHash[] = []
    for (const [space, hashes] of this.#hashesBySpace) {
      const sorted = JSON.stringify([...hashes].toSorted())
      await on.query(
        `select pg_advisory_xact_lock_shared(${LOCKS}, bucket)::text from
          (select distinct bse_mutations.bucket(hash) as bucket from json_array_elements_text($1::text::json) as named(hash) order by 1) buckets`,
        [sorted],
      )
      const collecting = await on.query(
        `select hash from bse_mutations.garbage where state = 'collecting' and since > clock_timestamp() - interval '${LEASE_SECONDS} s'
          and hash in (select json_array_elements_text($1::text::json))`,
        [sorted],
      )
      if (collecting.length > 0) throw new Refused({ is: 'retry', afterMs: AFTER_COLLECTING_MS })
      missing.push(...(await this.#missing(space, [...hashes])))
    }
    if (missing.length > 0) throw new Refused({ is: 'needs-blobs', hashes: missing })
  }

  async #missing(space: string, hashes: readonly BlobHash[]): Promise<readonly BlobHash[]> {
    const blobs = this.#blobs
    if (blobs === undefined) return []
    const states = await mapLimited(hashes, AT_ONCE, (hash) => blobs.head({ space, hash }))
    return hashes.filter((_, index) => states[index]?.is !== 'stored')
  }
}
