import type { ChangeMessage, Message, Row } from '@electric-sql/client'
import { BseError, type Logger, type RowChange } from '@bse/core/provider'
import type { RowWire } from '@bse/core/wire'
import { snapshotOf, type PgSnapshot, type ShapePlace } from './cursor.ts'
import { RowReader } from './row-reader.ts'
import type { TablePlan } from './table-plan.ts'

/** What goes to core in one piece. */
export interface TableStep {
  readonly changes: readonly RowChange[]
  /** The changes are all rows of the table. */
  readonly replaces: boolean
  readonly place: ShapePlace
  readonly upToDate: boolean
  /** With `upToDate`: what the service has seen of the whole database. */
  readonly seenLsn: bigint | undefined
}

/** Transactions that a cursor remembers: far more than pass between a push and its answer. */
const REMEMBERED = 1_000

/**
 * Turns the messages of one table into steps. Changes go on transaction by transaction. A snapshot is collected until the service says that it is up
 * to date, so that it never takes back what was there: it may be hours older than the rows here.
 */
export class TableLog {
  readonly rows: RowReader
  #place: ShapePlace | undefined
  /** Of the snapshot under way; `undefined` while the log goes on from a place. */
  #collected: Map<string, RowWire> | undefined
  #snapshot: PgSnapshot | undefined
  #seen: Set<number>
  /** Changes of whole transactions, and of the one that may go on. */
  #whole: RowChange[] = []
  #wholeOffset: string | undefined
  #open: RowChange[] = []
  #openIds = new Set<number>()

  constructor(plan: TablePlan, place: ShapePlace | undefined, logger: Logger) {
    this.rows = new RowReader(plan, logger)
    this.#place = place
    this.#snapshot = place?.snapshot
    this.#seen = new Set(place?.seen)
  }

  get place(): ShapePlace | undefined {
    return this.#place
  }

  /** What comes next is the beginning of a snapshot. What was there stays until it is whole. */
  beginSnapshot(): void {
    this.#collected = new Map()
    this.#snapshot = undefined
    this.#seen = new Set()
    this.#whole = []
    this.#open = []
    this.#openIds.clear()
  }

  /** @throws BseError `REJECTED` for messages that this provider cannot follow. */
  take(messages: readonly Message[], { handle, offset }: { readonly handle: string; readonly offset: string }): TableStep | undefined {
    let upToDate = false
    let seenLsn: bigint | undefined
    for (const message of messages) {
      const { headers } = message
      if ('operation' in headers) this.#change(message as ChangeMessage)
      else if ('event' in headers) throw new BseError('REJECTED', 'data-electric.changes: shapes with subqueries are not supported', { status: undefined, reason: 'subquery' })
      else if (headers.control === 'snapshot-end') this.#snapshot = snapshotOf(headers['xmin'], headers['xmax'], headers['xip_list'])
      else if (headers.control === 'up-to-date') {
        upToDate = true
        seenLsn = lsnOf(headers['global_last_seen_lsn'])
      }
    }
    if (upToDate) this.#closeTransaction(undefined)
    const isWhole = this.#open.length === 0 && this.#openIds.size === 0
    return this.#collected === undefined
      ? this.#stepOf(handle, isWhole ? offset : this.#wholeOffset, upToDate, seenLsn)
      : this.#snapshotStep(handle, offset, upToDate, seenLsn)
  }

  #change({ headers, value }: ChangeMessage<Row>): void {
    const change = this.rows.changeOf(headers.operation, value)
    for (const id of headers.txids ?? []) this.#openIds.add(id)
    if (change !== undefined) {
      if (this.#collected === undefined) this.#open.push(change)
      else collect(this.#collected, change)
    }
    if (headers['last'] === true) this.#closeTransaction(`${String(headers['lsn'])}_${String(headers['op_position'])}`)
  }

  #closeTransaction(offset: string | undefined): void {
    // One by one: a transaction may have more changes than a call may have arguments.
    for (const change of this.#open) this.#whole.push(change)
    this.#open = []
    for (const id of this.#openIds) {
      this.#seen.delete(id)
      this.#seen.add(id)
    }
    this.#openIds.clear()
    for (const id of this.#seen) {
      if (this.#seen.size <= REMEMBERED) break
      this.#seen.delete(id)
    }
    this.#wholeOffset = offset
  }

  #stepOf(handle: string, offset: string | undefined, upToDate: boolean, seenLsn: bigint | undefined): TableStep | undefined {
    if (offset === undefined || (this.#whole.length === 0 && !upToDate && this.#place?.offset === offset)) return undefined
    const changes = this.#whole
    this.#whole = []
    return { changes, replaces: false, place: this.#moveTo(handle, offset), upToDate, seenLsn }
  }

  #snapshotStep(handle: string, offset: string, upToDate: boolean, seenLsn: bigint | undefined): TableStep | undefined {
    if (!upToDate) return undefined
    const { name } = this.rows.plan
    const changes = [...(this.#collected ?? [])].map(([rowId, row]): RowChange => ({ kind: 'put', table: name, rowId, row }))
    this.#collected = undefined
    return { changes, replaces: true, place: this.#moveTo(handle, offset), upToDate, seenLsn }
  }

  #moveTo(handle: string, offset: string): ShapePlace {
    const isSame = this.#place?.handle === handle && this.#place.offset === offset
    if (this.#place === undefined || !isSame) this.#place = { handle, offset, snapshot: this.#snapshot, seen: [...this.#seen] }
    return this.#place
  }
}

function collect(rows: Map<string, RowWire>, change: RowChange): void {
  if (change.kind === 'delete') rows.delete(change.rowId)
  if (change.kind === 'put') rows.set(change.rowId, change.row)
  const row = rows.get(change.rowId)
  if (change.kind === 'patch' && row !== undefined) rows.set(change.rowId, withoutNulls({ ...row, ...change.columns }))
}

function withoutNulls(row: RowWire): RowWire {
  return Object.fromEntries(Object.entries(row).filter(([, value]) => value !== null))
}

function lsnOf(value: unknown): bigint | undefined {
  return typeof value === 'string' && /^\d{1,20}$/.test(value) ? BigInt(value) : undefined
}
