import type { Table } from './catalog.ts'
import { logMessage, operationsOf, type Operation, type RowValues } from './change-messages.ts'
import type { RowChange, Transaction } from './change-source.ts'
import type { Queryable } from './database.ts'
import { Matches, type Inside } from './matches.ts'
import type { Offset } from './offset.ts'
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
  const followed = shapes.flatMap((shape) => {
    const relevant = parsed.filter((one) => concerns(shape, one, relations) && !isVisible(one.xid, shape.record.snapshot))
    return relevant.length === 0 ? [] : [understood(shape, relevant, relations)]
  })
  const matches = new Matches(on, queryTimeoutMs)
  await matches.evaluate(followed.flatMap(({ kept, shape }) => kept.map(({ change, table }) => ({ shape, table, change }))))
  return followed.map(({ kept, retires, shape }) => {
    const inside = kept.map(({ change, table }) => matches.of(shape, table, change))
    if (inside.includes(undefined)) return { shape, messages: [], retires: true }
    return { shape, messages: messagesOf(shape, kept, inside), retires }
  })
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

interface Understood {
  readonly shape: Shape
  readonly kept: readonly Relevant[]
  readonly retires: boolean
}

/** The changes that can be told to a shape's clients: none after a truncation or a change of the table. */
function understood(shape: Shape, relevant: readonly Relevant[], relations: Relations): Understood {
  const standings = relevant.map((one) => (one.change.kind === 'truncate' ? 'changed' : standingOf(shape, one, relations)))
  if (standings.includes('changed')) return { shape, kept: [], retires: true }
  const renamed = standings.indexOf('renamed')
  return renamed === -1 ? { shape, kept: relevant, retires: false } : { shape, kept: relevant.slice(0, renamed + 1), retires: true }
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

function messagesOf(shape: Shape, relevant: readonly Relevant[], inside: readonly (Inside | undefined)[]): readonly (Offset & { readonly message: string })[] {
  const operations: (Operation & { readonly lsn: bigint; readonly xid: string; readonly of: ReturnType<Shape['messageShape']> })[] = []
  relevant.forEach(({ after, before, change, lsn, table, xid }, index) => {
    const { after: isInside = false, before: wasInside = false } = inside[index] ?? {}
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
