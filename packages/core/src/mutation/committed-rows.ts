import { baseRowKey } from '../state/keys.ts'
import type { RowWire } from '../wire/mutation-wire.ts'
import { sameJson, type BaseRows, type RowWrite } from './snapshot.ts'

/**
 * Base rows as committed: the tab's picture of them, with the commits on top that the picture does not show yet. A patch builds
 * on these.
 */
export class CommittedRows implements BaseRows {
  readonly #picture: BaseRows
  /** By row, what was committed and not seen yet, oldest first. The last of them is what is stored. */
  readonly #unseen: Map<string, RowWrite[]> = new Map()

  constructor(picture: BaseRows) {
    this.#picture = picture
  }

  get(table: string, rowId: string): RowWire | undefined {
    const last = this.#unseen.get(baseRowKey(table, rowId))?.at(-1)
    return last === undefined ? this.#picture.get(table, rowId) : last.row
  }

  ids(table: string): Iterable<string> {
    const unseen = [...this.#unseen.values()].flatMap((writes) => writes.slice(-1)).filter((write) => write.table === table)
    return new Set([...this.#picture.ids(table), ...unseen.map(({ rowId }) => rowId)])
  }

  committed(write: RowWrite): void {
    const key = baseRowKey(write.table, write.rowId)
    this.#unseen.set(key, [...(this.#unseen.get(key) ?? []), write])
  }

  /**
   * The picture shows this row now. It may be an older commit than the last, which happens to hold the same values: only the
   * oldest that fits is surely seen, with those before it.
   */
  seen(table: string, rowId: string, row: RowWire | undefined): void {
    const key = baseRowKey(table, rowId)
    const writes = this.#unseen.get(key)
    const at = writes?.findIndex((write) => sameJson(write.row, row)) ?? -1
    if (writes === undefined || at === -1) return
    if (at === writes.length - 1) this.#unseen.delete(key)
    else this.#unseen.set(key, writes.slice(at + 1))
  }
}
