import { createID, type Doc, type ID } from 'yjs'
import type { TableShape } from '@bse/core/provider'
import type { MutationOp } from '@bse/core/wire'
import { cellKey, rootName } from './cells.ts'
import { encodeUpdate, type CellRemoval, type CellWrite } from './encode-update.ts'

/** Whose name the entries get. Not the document's own client: the app may write under that one meanwhile. */
export interface Writer {
  readonly client: number
  /** The next free one. */
  readonly clock: number
}

interface Cell {
  readonly lastId: ID
  readonly removal: CellRemoval
  readonly live: boolean
}

/** Turns mutations into updates that follow each other, on top of a document that it only reads. */
export class Draft {
  readonly #doc: Doc
  readonly #prefix: string
  readonly #client: number
  #clock: number
  /** What the draft has changed, over what the document holds. */
  readonly #changed = new Map<string, Cell>()
  #writes: CellWrite[] = []
  #removals: CellRemoval[] = []

  constructor(doc: Doc, prefix: string, writer: Writer) {
    this.#doc = doc
    this.#prefix = prefix
    this.#client = writer.client
    this.#clock = writer.clock
  }

  /** The clock that follows the last entry. */
  get clock(): number {
    return this.#clock
  }

  add(op: MutationOp, table: TableShape): void {
    const root = rootName(this.#prefix, table.name)
    const exists = this.#cell(root, op.rowId)?.live === true
    if (op.kind === 'delete' || op.kind === 'insert') this.#clear(root, table, op)
    if (op.kind === 'delete') return
    // A row that is gone was deleted by somebody who had seen it: the deletion stands, whole.
    if (op.kind === 'update' && !exists) return
    if (op.kind === 'insert' || !exists) this.#set(root, op.rowId, true)
    for (const [column, value] of Object.entries(op.values)) this.#set(root, cellKey(op.rowId, column), value)
  }

  /** The update of everything added since the last call; `undefined` when it changes nothing. */
  take(): Uint8Array | undefined {
    const [writes, removals] = [this.#writes, this.#removals]
    if (writes.length === 0 && removals.length === 0) return undefined
    this.#writes = []
    this.#removals = []
    return encodeUpdate(this.#client, this.#clock - writes.length, writes, removals)
  }

  /** Takes away what the row holds; an insert keeps the columns that it is about to replace. */
  #clear(root: string, table: TableShape, op: MutationOp): void {
    if (op.kind === 'delete') this.#remove(root, op.rowId)
    for (const { name } of table.columns) {
      if (op.kind === 'delete' || !Object.hasOwn(op.values, name)) this.#remove(root, cellKey(op.rowId, name))
    }
  }

  #set(root: string, key: string, value: unknown): void {
    this.#writes.push({ root, key, value, origin: this.#cell(root, key)?.lastId })
    const id = createID(this.#client, this.#clock++)
    this.#changed.set(`${root}/${key}`, { lastId: id, removal: { id, length: 1 }, live: true })
  }

  #remove(root: string, key: string): void {
    const cell = this.#cell(root, key)
    if (cell === undefined || !cell.live) return
    this.#removals.push(cell.removal)
    this.#changed.set(`${root}/${key}`, { ...cell, live: false })
  }

  #cell(root: string, key: string): Cell | undefined {
    const changed = this.#changed.get(`${root}/${key}`)
    if (changed !== undefined) return changed
    const item = this.#doc.getMap(root)._map.get(key)
    if (item === undefined) return undefined
    return { lastId: item.lastId, removal: { id: item.id, length: item.length }, live: !item.deleted }
  }
}
