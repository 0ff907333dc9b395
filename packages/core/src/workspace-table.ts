import { createCollection, type CollectionDeps, type EngineQuery } from './collection.ts'
import type { EngineParts } from './engine.ts'
import type { ValidationIssue } from './errors.ts'
import { idIn } from './row-write.ts'
import { decodeRow, type Row, type Table } from './schema/index.ts'
import { createQuery, type Condition } from './store/index.ts'
import type { WriteResult } from './write-result.ts'

/** A row as it is at this moment. `invalid`: it is there, and a required column has no value that the schema allows. */
export type RowResult<R> =
  | { readonly status: 'loading' }
  | { readonly status: 'valid'; readonly row: R }
  | { readonly status: 'invalid'; readonly id: string; readonly issues: readonly ValidationIssue[] }
  | { readonly status: 'not_found'; readonly id: string }

/** One table of a workspace. Writes show at once and work offline; one that fails is told by `writeFailed`, whether it is awaited or not. */
export interface WorkspaceTable<R, Insert, BlobColumn extends string> {
  /** Creates the row, or changes the given columns of the one that is there. */
  upsert(row: Insert & { readonly id: string }): WriteResult<R>
  /** As it is now. `loading` only until storage is open, see `ready`. */
  get(key: { readonly id: string }): RowResult<R>
  /** Every valid row as it is now; nothing until storage is open. */
  getAll(): readonly R[]
  /** A query, to be read once or shown live. */
  where(conditions: Condition<R>): EngineQuery<R, BlobColumn>
  /** Fine when there is no such row. Takes nothing away from other devices but the row: bytes stay. */
  delete(key: { readonly id: string }): WriteResult<void>
  /** `listener` runs after each change of the table's rows. Answers a function that ends it. */
  subscribe(listener: () => void): () => void
}

export interface WorkspaceTableDeps {
  readonly parts: Pick<EngineParts, 'writeFailed'>
  readonly collection: Omit<CollectionDeps, 'table'>
  readonly table: Table
}

export function createWorkspaceTable(deps: WorkspaceTableDeps): WorkspaceTable<Row, unknown, string> {
  const { table } = deps
  const { store } = deps.collection
  const collection = createCollection({ ...deps.collection, table })
  const all = createQuery<Row>(table)
  return {
    upsert: (row) => reported(deps, idIn(row), collection.upsert(row)),
    get: ({ id }) => rowResult(deps, id),
    getAll: () => store.run(all),
    where: (conditions) => collection.where(conditions),
    delete: ({ id }) => reported(deps, id, collection.delete(id)),
    subscribe: (listener) => {
      const observed = store.observe(all, listener)
      return () => observed.close()
    },
  }
}

function rowResult({ collection: { store }, table }: WorkspaceTableDeps, id: string): RowResult<Row> {
  const row = store.row(table.name, id)
  if (row !== undefined) return { status: 'valid', row }
  if (!store.ready) return { status: 'loading' }
  const wire = store.wire(table.name, id)
  return wire === undefined ? { status: 'not_found', id } : { status: 'invalid', id, issues: decodeRow(table, wire, id).issues }
}

/** A write that nobody awaits must not end the process when it fails. */
function reported<Value>({ parts, table }: WorkspaceTableDeps, id: string | undefined, write: WriteResult<Value>): WriteResult<Value> {
  write.catch((error: unknown) => parts.writeFailed({ table: table.name, id, error }))
  return write
}
