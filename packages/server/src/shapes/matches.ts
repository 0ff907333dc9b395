import type { Table } from './catalog.ts'
import type { RowChange } from './change-source.ts'
import type { Queryable } from './database.ts'
import { asReader, matchingRows } from './row-filter.ts'
import type { Shape } from './shape.ts'

/** Whether a row was inside of a shape before a change, and is after it. */
export interface Inside {
  readonly before: boolean
  readonly after: boolean
}

interface Asked {
  readonly shape: Shape
  /** The one that was written. */
  readonly table: Table
  readonly change: RowChange
}

/** Rows and conditions of one table, evaluated together. */
interface Group {
  readonly relation: number
  readonly table: Table
  readonly conditions: Set<string>
  readonly rows: Set<string>
}

const CONDITIONS_AT_ONCE = 50

/** Evaluates conditions, by Postgres: all rows and all conditions of a table in one statement. */
export class Matches {
  readonly #on: Queryable
  readonly #timeoutMs: number
  readonly #known = new Map<string, boolean>()

  constructor(on: Queryable, timeoutMs: number) {
    this.#on = on
    this.#timeoutMs = timeoutMs
  }

  async evaluate(asked: readonly Asked[]): Promise<void> {
    for (const group of groupsOf(asked)) {
      const conditions = [...group.conditions]
      for (let at = 0; at < conditions.length; at += CONDITIONS_AT_ONCE) await this.#evaluateAll(group, conditions.slice(at, at + CONDITIONS_AT_ONCE))
    }
  }

  /** `undefined` when the shape's condition fails on one of the rows. */
  of({ record }: Shape, table: Table, { after, before }: RowChange): Inside | undefined {
    const { where } = record.definition
    if (where === undefined) return { before: before !== null, after: after !== null }
    const was = before === null ? false : this.#known.get(keyOf(table, where, before))
    const is = after === null ? false : this.#known.get(keyOf(table, where, after))
    return was === undefined || is === undefined ? undefined : { before: was, after: is }
  }

  async #evaluateAll(group: Group, conditions: readonly string[]): Promise<void> {
    const isDone = await this.#try(group, conditions)
    // A division by zero, a number too large, a time-out: whichever condition it is, the others can be followed.
    if (!isDone && conditions.length > 1) for (const condition of conditions) await this.#try(group, [condition])
  }

  async #try({ relation, rows, table }: Group, conditions: readonly string[]): Promise<boolean> {
    const texts = [...rows]
    await this.#on.query('savepoint bse_shapes_evaluation')
    try {
      const found = await asReader(this.#on, relation, this.#timeoutMs, () => matchingRows(this.#on, table, conditions, texts))
      texts.forEach((text, row) => conditions.forEach((condition, index) => this.#known.set(keyOf(table, condition, text), found[row]?.[index] === true)))
      await this.#on.query('release savepoint bse_shapes_evaluation')
      return true
    } catch {
      // What is not known after this is not followed.
      await this.#on.query('rollback to savepoint bse_shapes_evaluation')
      return false
    }
  }
}

function groupsOf(asked: readonly Asked[]): Iterable<Group> {
  const groups = new Map<string, Group>()
  for (const { change, shape, table } of asked) {
    const { relation, where } = shape.record.definition
    if (where === undefined) continue
    const key = `${relation} ${table.oid}`
    const group = groups.get(key) ?? { relation, table, conditions: new Set(), rows: new Set() }
    groups.set(key, group)
    group.conditions.add(where)
    for (const row of [change.before, change.after]) if (row !== null) group.rows.add(row)
  }
  return groups.values()
}

function keyOf(table: Table, where: string, text: string): string {
  return `${table.oid} ${where} ${text}`
}
