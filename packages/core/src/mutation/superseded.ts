import type { MutationRecord } from '../model/mutation.ts'
import type { BlobHash } from '../wire/blob-hash.ts'
import { parseBlobRef, type BlobRef } from '../wire/blob-ref.ts'
import type { Json } from '../wire/json.ts'
import type { Divergence } from './rebase.ts'

/** A reference that lost a conflict. Its bytes stay on this device as long as it is remembered. */
export interface SupersededBlob {
  readonly ref: BlobRef
  readonly table: string
  readonly rowId: string
  readonly column: string
  /** Whose it was. */
  readonly side: 'local' | 'remote'
  /** Since 1970. */
  readonly atMs: number
}

const REMEMBERED = 100

/** Oldest first. */
export function supersededBlobs(value: unknown): readonly SupersededBlob[] {
  return Array.isArray(value) ? value.filter((one: Partial<SupersededBlob> | null) => parseBlobRef(one?.ref as Json | undefined) !== undefined) : []
}

export function withSuperseded(value: unknown, added: readonly SupersededBlob[]): readonly SupersededBlob[] {
  return [...supersededBlobs(value), ...added].slice(-REMEMBERED)
}

/** The references that lose when the other side wins. */
export function losersOf({ ops }: MutationRecord, { at, current }: Divergence, side: 'local' | 'remote', atMs: number): readonly SupersededBlob[] {
  const op = ops[at]
  if (op === undefined) return []
  const columns = op.kind === 'delete' ? Object.keys(op.previous ?? {}) : Object.keys(op.values)
  return columns.flatMap((column) => {
    const [ours, theirs, base] = [op.values[column], current?.[column], op.previous?.[column]].map((cell) => parseBlobRef(cell))
    const [loser, winner] = side === 'local' ? [ours, theirs] : [theirs, ours]
    if (loser === undefined || loser.hash === winner?.hash || (side === 'remote' && loser.hash === base?.hash)) return []
    return [{ ref: loser, table: op.table, rowId: op.rowId, column, side, atMs }]
  })
}

/** What is remembered now, counted by hash. */
export class SupersededHashes {
  #hashes: ReadonlySet<BlobHash> = new Set()

  has(hash: BlobHash): boolean {
    return this.#hashes.has(hash)
  }

  /** Answers those that were forgotten by this change. */
  replace(value: unknown): readonly BlobHash[] {
    const before = this.#hashes
    this.#hashes = new Set(supersededBlobs(value).map(({ ref }) => ref.hash))
    return [...before].filter((hash) => !this.#hashes.has(hash))
  }
}
