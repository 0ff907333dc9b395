/** One row at one moment, by column. */
export type RowValues = ReadonlyMap<string, string | null>

export interface MessageShape {
  readonly schema: string
  readonly table: string
  readonly key: readonly string[]
  readonly selected: ReadonlySet<string>
  readonly replica: 'default' | 'full'
}

/** One operation of a shape's log, before it is known whether it is the last of its transaction. */
export interface Operation {
  readonly position: number
  readonly key: string
  readonly operation: 'insert' | 'update' | 'delete'
  readonly value: Readonly<Record<string, string | null>>
  readonly oldValue?: Readonly<Record<string, string | null>>
  readonly extra?: Readonly<Record<string, string>>
}

export interface ShapeChange {
  /** Of the table that was written, which for a partition is not the shape's. */
  readonly writtenName: string
  readonly before: RowValues | undefined
  readonly after: RowValues | undefined
  readonly position: number
}

/** What a change of a row means to a shape, where `before` and `after` are left out when that row is outside of it. */
export function operationsOf(shape: MessageShape, change: ShapeChange): readonly Operation[] {
  const { after, before, position, writtenName } = change
  const keyOf = (row: RowValues): string => logKey(shape.schema, writtenName, shape.key, row)
  if (before === undefined && after === undefined) return []
  if (before === undefined || after === undefined) {
    if (after !== undefined) return [{ position, key: keyOf(after), operation: 'insert', value: project(after, shape.selected) }]
    return before === undefined ? [] : [{ position, key: keyOf(before), operation: 'delete', value: deleted(shape, before) }]
  }
  if (keyOf(before) !== keyOf(after)) return keyChange(shape, before, after, { from: keyOf(before), to: keyOf(after), position })
  return update(shape, before, after, { key: keyOf(after), position })
}

function deleted(shape: MessageShape, row: RowValues): Readonly<Record<string, string | null>> {
  return project(row, shape.replica === 'full' ? shape.selected : new Set(shape.key))
}

function keyChange(shape: MessageShape, before: RowValues, after: RowValues, at: { from: string; to: string; position: number }): readonly Operation[] {
  return [
    { position: at.position, key: at.from, operation: 'delete', value: deleted(shape, before), extra: { key_change_to: at.to } },
    { position: at.position + 1, key: at.to, operation: 'insert', value: project(after, shape.selected), extra: { key_change_from: at.from } },
  ]
}

function update(shape: MessageShape, before: RowValues, after: RowValues, at: { key: string; position: number }): readonly Operation[] {
  const changed = new Set([...shape.selected].filter((name) => after.has(name) && before.get(name) !== after.get(name)))
  if (changed.size === 0) return []
  const shared = { ...at, operation: 'update' } as const
  if (shape.replica === 'default') return [{ ...shared, value: project(after, new Set([...shape.key, ...changed])) }]
  return [{ ...shared, value: project(after, shape.selected), oldValue: project(before, changed) }]
}

function project(row: RowValues, names: ReadonlySet<string>): Readonly<Record<string, string | null>> {
  return Object.fromEntries([...row].filter(([name]) => names.has(name)))
}

/** Electric doubles dots in the names of a log key and leaves quotes alone; in a snapshot key it is the other way round. */
function logKey(schema: string, table: string, key: readonly string[], row: RowValues): string {
  return `"${schema.replaceAll('.', '..')}"."${table.replaceAll('.', '..')}"${keyValues(key, row)}`
}

function keyValues(key: readonly string[], row: RowValues): string {
  return key.map((name) => keyPart(row.get(name) ?? null)).join('')
}

function keyPart(value: string | null): string {
  return value === null ? '/_' : `/"${value.replaceAll('/', '//')}"`
}

/** The JSON of one message of the log. */
export function logMessage(shape: MessageShape, operation: Operation, of: { readonly lsn: bigint; readonly txid: number; readonly isLast: boolean }): string {
  return JSON.stringify({
    value: operation.value,
    key: operation.key,
    headers: {
      ...(of.isLast ? { last: true } : {}),
      relation: [shape.schema, shape.table],
      lsn: String(of.lsn),
      txids: [of.txid],
      operation: operation.operation,
      op_position: operation.position,
      ...operation.extra,
    },
    ...(operation.oldValue === undefined ? {} : { old_value: operation.oldValue }),
  })
}
