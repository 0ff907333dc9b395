import { createHash } from 'node:crypto'
import type { Table } from './catalog.ts'

/** What tells one shape from another. Two requests with equal definitions share a shape. */
export interface ShapeDefinition {
  readonly relation: number
  readonly schema: string
  readonly table: string
  /** Understood and written anew; `undefined` takes every row. */
  readonly where: string | undefined
  /** As asked for, sorted; `undefined` when the request names none. */
  readonly columns: readonly string[] | undefined
  readonly queryable: readonly string[] | undefined
  readonly replica: 'default' | 'full'
  readonly log: 'full' | 'changes_only'
}

/** Part of every handle of the definition: the number of its first 27 bits. */
export function definitionNumber(definition: ShapeDefinition): number {
  const { relation: _, ...rest } = definition
  return createHash('sha256').update(JSON.stringify(Object.entries(rest))).digest().readUInt32BE(0) >>> 5
}

export function definitionKey(definition: ShapeDefinition): string {
  const { schema, table, where, columns, queryable, replica, log } = definition
  return JSON.stringify([schema, table, where ?? null, columns ?? null, queryable ?? null, replica, log])
}

/** The columns that its rows carry. */
export function selectedColumns(definition: ShapeDefinition, table: Table): ReadonlySet<string> {
  return new Set(definition.columns ?? definition.queryable ?? table.columns.map(({ name }) => name))
}
