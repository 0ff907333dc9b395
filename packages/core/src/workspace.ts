import { bytesIn, resultOf, type Blobs } from './blobs.ts'
import { openEngine, type OpenedEngine, type SyncEngine } from './engine.ts'
import type { SyncEngineOptions } from './engine-options.ts'
import { BseError } from './errors.ts'
import type { SyncEvents, SyncListener } from './events.ts'
import { localData } from './local-data.ts'
import type { DataProvider } from './provider/data-provider.ts'
import { blobProblems, type BlobColumnsOf, type CheckSchema, type InsertOf, type Row, type RowOf, type Schema, type SchemaDefinition, type TableNamesOf } from './schema/index.ts'
import { createWorkspaceTable, type WorkspaceTable } from './workspace-table.ts'

/** What `defineWorkspace` takes: tables of columns, by `id()`, `text()`, `blob()` and the others. */
export interface WorkspaceDefinition<S extends SchemaDefinition> {
  readonly tables: S & CheckSchema<S>
}

/** As for an engine. Rows stay on this device without `data`; blobs are never let go because no row names them. */
export interface WorkspaceOptions<S extends SchemaDefinition> extends Omit<SyncEngineOptions<S>, 'schema' | 'data' | 'cleanup'> {
  readonly data?: DataProvider
}

export interface Workspace<S extends SchemaDefinition> {
  /** The tables as `createSyncEngine` takes them. */
  readonly schema: S & CheckSchema<S>
  /** Opens it. Answers at once; storage opens behind it. @throws BseError as `createSyncEngine` does. */
  connect(options: WorkspaceOptions<S>): WorkspaceClient<S>
}

export type WorkspaceTables<S extends SchemaDefinition> = {
  readonly [T in TableNamesOf<S>]: WorkspaceTable<RowOf<S, T>, InsertOf<S, T>, BlobColumnsOf<S, T>>
}

export interface WorkspaceClient<S extends SchemaDefinition> {
  readonly tables: WorkspaceTables<S>
  /** `put` refuses what no blob column of the workspace would take. */
  readonly blobs: Blobs
  /** The engine underneath: the same rows and the same bytes. */
  readonly sync: SyncEngine<S>
  /** Resolves when storage is open and its rows are loaded. */
  readonly ready: Promise<void>
  on<Name extends keyof SyncEvents>(name: Name, listener: SyncListener<Name>): () => void
  close(): Promise<void>
  [Symbol.asyncDispose](): Promise<void>
}

/** Tables whose blobs every device and every server is to have. Nothing is opened before `connect`. */
export function defineWorkspace<const S extends SchemaDefinition>({ tables }: WorkspaceDefinition<S>): Workspace<S> {
  return { schema: tables, connect: (options) => connect(tables, options) }
}

function connect<S extends SchemaDefinition>(tables: S & CheckSchema<S>, options: WorkspaceOptions<S>): WorkspaceClient<S> {
  const { cache, data = localData(), peers, ...rest } = options
  // Every blob is a file of its own, to be found by its name.
  const engine = openEngine<S>({ ...rest, schema: tables, data, cache: { inlineMaxBytes: 0, ...cache }, cleanup: 'append-only', ...(peers === undefined ? {} : { peers: { replica: 'all', ...peers } }) })
  const { sync } = engine
  return Object.freeze({
    tables: tablesOf(engine), blobs: checkedBlobs(sync.blobs, engine.schema), sync, ready: sync.ready,
    on: sync.on, close: () => sync.close(), [Symbol.asyncDispose]: () => sync.close(),
  })
}

function tablesOf<S extends SchemaDefinition>({ parts, schema }: OpenedEngine<S>): WorkspaceTables<S> {
  const tables: Record<string, WorkspaceTable<Row, unknown, string>> = {}
  for (const [name, table] of schema.tables) tables[name] = createWorkspaceTable({ parts, collection: parts.collectionDeps(), table })
  // The tables are made from the very schema that `S` was inferred from.
  return Object.freeze(tables) as unknown as WorkspaceTables<S>
}

function checkedBlobs(blobs: Blobs, schema: Schema): Blobs {
  const put = async (data: Blob | ArrayBuffer): ReturnType<Blobs['put']> => {
    const blob = bytesIn(data)
    assertTaken(schema, blob)
    return blobs.put(blob)
  }
  return { ...blobs, put, tryPut: (data) => resultOf(() => put(data)) }
}

/** @throws BseError `VALIDATION_FAILED` for bytes that could never be named by a row. */
function assertTaken(schema: Schema, blob: Blob): void {
  const columns = [...schema.tables.values()].flatMap(({ blobColumns }) => blobColumns)
  const problems = columns.map((column) => blobProblems(column, blob))
  const [first] = problems
  if (first === undefined || problems.some((issues) => issues.length === 0)) return
  throw new BseError('VALIDATION_FAILED', 'core.blobs.put: no blob column of the workspace takes it', { issues: first })
}
