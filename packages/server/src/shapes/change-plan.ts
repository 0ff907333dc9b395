import type { Table } from './catalog.ts'
import { logMessage, operationsOf, type Operation, type RowValues } from './change-messages.ts'
import type { RowChange, Transaction } from './change-source.ts'
import type { Queryable } from './database.ts'
import type { Offset } from './offset.ts'
import { asReader, matchingRows } from './row-filter.ts'
import { fieldsOfRow } from './row-text.ts'
import type { Shape } from './shape.ts'
import { isVisible, shortXid } from './visibility.ts'

export interface OrderedTransaction extends Transaction {
  readonly lsn: bigint
}

/** The tables that changes name, each with the tables whose partition it is. */
export interface Relations {
  readonly tables: ReadonlyMap<number, Table>
  readonly ancestors: ReadonlyMap<number, readonly number[]>
}

export interface ShapePlan {
  readonly shape: Shape
  readonly messages: readonly (Offset & { readonly message: string })[]
  /** After these messages its rows cannot be followed any more. */
  readonly retires: boolean
}

interface Relevant {
  readonly change: RowChange
  readonly xid: string
  readonly lsn: bigint
  readonly table: Table
  readonly before: RowValues | undefined
  readonly after: RowValues | undefined
}

type Standing = 'same' | 'renamed' | 'changed'

/** What these transactions mean to each shape. Reads the database only to evaluate conditions. */
export async function planChanges(
  on: Queryable,
  shapes: readonly Shape[],
  transactions: readonly OrderedTransaction[],
  relations: Relations,
  queryTimeoutMs: number,
): Promise<readonly ShapePlan[]> {
  const parsed = parse(transactions, relations)
  const matches = new Matches(on, queryTimeoutMs)
  const plans: ShapePlan[] = []
  for (const shape of shapes) {
    const relevant = parsed.filter((one) => concerns(shape, one, relations) && !isVisible(one.xid, shape.record.snapshot))
    if (relevant.length > 0) plans.push(await planShape(shape, relevant, relations, matches))
  }
  return plans
}

function concerns({ record }: Shape, { change }: Relevant, { ancestors }: Relations): boolean {
  return change.relation === record.definition.relation || (ancestors.get(change.relation) ?? []).includes(record.definition.relation)
}

function parse(transactions: readonly OrderedTransaction[], { tables }: Relations): readonly Relevant[] {
  return transactions.flatMap(({ changes, lsn, xid }) =>
    changes.flatMap((change) => {
      const table = tables.get(change.relation)
      const values = (text: string | null): RowValues | undefined => (text === null ? undefined : rowValues(change.columns, text))
      return table === undefined ? [] : [{ change, xid, lsn, table, before: values(change.before), after: values(change.after) }]
    }),
  )
}

function rowValues(columns: readonly string[], text: string): RowValues {
  const fields = fieldsOfRow(text)
  return new Map(columns.map((name, index) => [name, fields[index] ?? null]))
}

async function planShape(shape: Shape, relevant: readonly Relevant[], relations: Relations, matches: Matches): Promise<ShapePlan> {
  const kept: Relevant[] = []
  let standing: Standing = 'same'
  for (const one of relevant) {
    if (one.change.kind === 'truncate') return { shape, messages: [], retires: true }
    standing = standingOf(shape, one, relations)
    if (standing === 'changed') return { shape, messages: [], retires: true }
    kept.push(one)
    if (standing === 'renamed') break
  }
  const inside = await matches.of(shape, kept)
  if (inside === undefined) return { shape, messages: [], retires: true }
  return { shape, messages: messagesOf(shape, kept, inside), retires: standing === 'renamed' }
}

/** Whether the table still is what the shape was made from. */
function standingOf({ record }: Shape, { change, table }: Relevant, { tables }: Relations): Standing {
  const { definition, tableColumns } = record
  const own = tables.get(definition.relation)
  if (own === undefined || own.schema !== definition.schema || own.name !== definition.table) return 'changed'
  const isPartition = change.relation !== definition.relation
  const known = isPartition ? tableColumns.toSorted() : tableColumns
  const found = isPartition ? change.columns.toSorted() : change.columns
  const isSame = known.length === found.length && known.every((name, index) => name === found[index])
  if (isSame) return 'same'
  const isCurrent = table.columns.length === change.columns.length && table.columns.every(({ name }, index) => name === change.columns[index])
  const isPlain = definition.where === undefined && definition.columns === undefined && definition.queryable === undefined
  return known.length === found.length && isCurrent && isPlain ? 'renamed' : 'changed'
}

function messagesOf(shape: Shape, relevant: readonly Relevant[], inside: Inside): readonly (Offset & { readonly message: string })[] {
  const operations: (Operation & { readonly lsn: bigint; readonly xid: string; readonly of: ReturnType<Shape['messageShape']> })[] = []
  relevant.forEach(({ after, before, change, lsn, table, xid }, index) => {
    const [wasInside, isInside] = [inside.before[index] === true, inside.after[index] === true]
    // Of the change's own columns: after a rename these are the new names.
    const of = shape.messageShape({ columns: change.columns.map((name) => ({ name })) as never })
    const seen = { writtenName: table.name, before: wasInside ? before : undefined, after: isInside ? after : undefined, position: change.position * 2 }
    for (const operation of operationsOf(of, seen)) operations.push({ ...operation, lsn, xid, of })
  })
  return operations.map((operation, index) => {
    const isLast = operations[index + 1]?.lsn !== operation.lsn
    return { lsn: operation.lsn, position: operation.position, message: logMessage(operation.of, operation, { lsn: operation.lsn, txid: shortXid(operation.xid), isLast }) }
  })
}

interface Inside {
  readonly before: readonly boolean[]
  readonly after: readonly boolean[]
}

/** Evaluates conditions, by Postgres. Shapes with one condition on one table share the answers. */
class Matches {
  readonly #on: Queryable
  readonly #timeoutMs: number
  readonly #known = new Map<string, boolean>()

  constructor(on: Queryable, timeoutMs: number) {
    this.#on = on
    this.#timeoutMs = timeoutMs
  }

  /** Which of the rows are inside of the shape, or `undefined` when its condition fails on one of them. */
  async of({ record }: Shape, relevant: readonly Relevant[]): Promise<Inside | undefined> {
    const { relation, where } = record.definition
    if (where === undefined) return { before: relevant.map(({ change }) => change.before !== null), after: relevant.map(({ change }) => change.after !== null) }
    for (const table of new Set(relevant.map((one) => one.table))) {
      const texts = relevant.filter((one) => one.table === table).flatMap(({ change }) => [change.before, change.after].filter((text) => text !== null))
      if (!(await this.#evaluate(relation, table, where, [...new Set(texts)]))) return undefined
    }
    const isInside = (table: Table, text: string | null): boolean => text !== null && this.#known.get(keyOf(table, where, text)) === true
    return { before: relevant.map(({ change, table }) => isInside(table, change.before)), after: relevant.map(({ change, table }) => isInside(table, change.after)) }
  }

  async #evaluate(relation: number, table: Table, where: string, texts: readonly string[]): Promise<boolean> {
    const unknown = texts.filter((text) => !this.#known.has(keyOf(table, where, text)))
    if (unknown.length === 0) return true
    await this.#on.query('savepoint bse_shapes_evaluation')
    try {
      const found = await asReader(this.#on, relation, this.#timeoutMs, () => matchingRows(this.#on, table, [where], unknown))
      unknown.forEach((text, index) => this.#known.set(keyOf(table, where, text), found[index]?.[0] === true))
      await this.#on.query('release savepoint bse_shapes_evaluation')
      return true
    } catch {
      // A division by zero, a number too large, a time-out: this shape cannot be followed; the others can.
      await this.#on.query('rollback to savepoint bse_shapes_evaluation')
      return false
    }
  }
}

function keyOf(table: Table, where: string, text: string): string {
  return `${table.oid} ${where} ${text}`
}
