import type { RemoteRef } from './provider/blob-provider.ts'
import type { Schema } from './schema/index.ts'
import type { RowStore } from './store/index.ts'
import type { MirrorChange } from './tabs/mirror.ts'
import { isBlobHash, type BlobHash } from './wire/blob-hash.ts'
import { parseBlobRef } from './wire/blob-ref.ts'
import type { RowWire } from './wire/mutation-wire.ts'

/** Which blob columns keep more than what was used lately. */
export class ReplicaColumns {
  /** Columns of which all is kept that was ever used, or all there is: no limit of the cache takes it. `undefined` where there are none. */
  readonly isPinned: ((cell: { readonly table: string; readonly column?: string }) => boolean) | undefined
  readonly #store: RowStore
  /** Columns of which everything is to be here, by table. */
  readonly #whole: ReadonlyMap<string, readonly string[]>

  constructor({ tables }: Schema, store: RowStore) {
    this.#store = store
    const columns = [...tables.values()].flatMap(({ name: table, blobColumns }) => blobColumns.map(({ name, replica }) => ({ table, name, replica })))
    const pinned = new Set(columns.filter(({ replica }) => replica !== 'on-demand').map(({ table, name }) => `${table}/${name}`))
    this.isPinned = pinned.size === 0 ? undefined : ({ table, column }) => pinned.has(`${table}/${column}`)
    const whole = Map.groupBy(columns.filter(({ replica }) => replica === 'all'), ({ table }) => table)
    this.#whole = new Map([...whole].map(([table, some]) => [table, some.map(({ name }) => name)]))
  }

  get hasWhole(): boolean {
    return this.#whole.size > 0
  }

  /** Whether a row of the server names it in a column of which everything is to be here. */
  keepsWhole(hash: BlobHash): boolean {
    return this.#store.rowsOf(hash).some(({ table, column }) => this.#whole.get(table)?.includes(column) === true)
  }

  /** Everything that is to be here, as far as the server's rows are known. */
  *all(): Generator<RemoteRef, void, undefined> {
    for (const table of this.#whole.keys()) {
      for (const rowId of this.#store.baseIds(table)) yield* this.#refs(table, this.#store.baseRow(table, rowId))
    }
  }

  /** What a change of the server's rows brings. */
  *brought({ rows }: MirrorChange): Generator<RemoteRef, void, undefined> {
    for (const { table, row } of rows) yield* this.#refs(table, row)
  }

  *#refs(table: string, row: RowWire | undefined): Generator<RemoteRef, void, undefined> {
    for (const column of this.#whole.get(table) ?? []) {
      const cell = row?.[column]
      const ref = isBlobHash(cell) ? { hash: cell, sizeBytes: undefined, type: '' } : parseBlobRef(cell)
      if (ref !== undefined) yield ref
    }
  }
}
