import type { CollectionDeps } from './collection.ts'
import { BseError } from './errors.ts'
import { rowKey } from './model/mutation.ts'
import type { WriteRequest } from './mutation/writer.ts'
import { changesIn, changesNothing, idIn, noSuchRow, rowExists, rowWrite } from './row-write.ts'
import { validateInsert, validateUpdate, type InsertOf, type Schema, type SchemaDefinition, type Table, type TableNamesOf, type UpdateOf } from './schema/index.ts'
import { BatchResult } from './write-result.ts'

/** One table inside of a batch. Nothing is written before the function of the batch has returned. */
export interface BatchTable<Insert, Update> {
  /** Gives the id of the new row, for other writes of the batch to refer to. @throws BseError `VALIDATION_FAILED`. */
  insert(input: Insert): string
  /** @throws BseError `NOT_FOUND` when there is no such row, neither before nor made by this batch; `VALIDATION_FAILED`. */
  update(id: string, changes: Update): void
  /** Creates the row, or changes the given columns of the one that is there. Gives its id. @throws BseError `VALIDATION_FAILED`. */
  upsert(input: Insert & { readonly id: string }): string
  /** Fine when there is no such row. */
  delete(id: string): void
}

/** The tables of a schema inside of a batch. */
export type BatchTables<S extends SchemaDefinition> = {
  readonly [T in TableNamesOf<S>]: BatchTable<InsertOf<S, T>, UpdateOf<S, T>>
}

export interface BatchDeps extends Pick<CollectionDeps, 'store' | 'newId' | 'resolveRef' | 'write' | 'synced' | 'opened' | 'isOpen'> {
  readonly schema: Schema
}

type AnyTable = BatchTable<unknown, unknown>

/** Collects what `fill` writes, and writes all of it or nothing. Before storage is open, `fill` is called once it is. */
export function runBatch<Value>(deps: BatchDeps, fill: (tables: { readonly [table: string]: AnyTable }) => Value): BatchResult<Value> {
  const begun = deps.isOpen() ? attempt(() => begin(deps, fill)) : deps.opened().then(() => begin(deps, fill))
  const committed = begun.then(async ({ value, committed }) => {
    await committed
    return value
  })
  return new BatchResult(committed, async () => {
    const { value, committed } = await begun
    await deps.synced(await committed)
    return value
  })
}

interface Begun<Value> {
  readonly value: Value
  readonly committed: ReturnType<BatchDeps['write']>['committed']
}

function begin<Value>(deps: BatchDeps, fill: (tables: { readonly [table: string]: AnyTable }) => Value): Begun<Value> {
  const draft = new BatchDraft(deps)
  const value = draft.fill(fill)
  return { value, committed: draft.requests.length === 0 ? Promise.resolve(undefined) : deps.write(draft.requests).committed }
}

/** The writes of one batch, checked one by one against the rows as they are with the earlier ones done. */
class BatchDraft {
  readonly requests: WriteRequest[] = []
  readonly #deps: BatchDeps
  /** Rows that the batch makes or deletes. */
  readonly #made: Map<string, boolean> = new Map()
  #failure: { readonly error: unknown } | undefined
  #isOver = false

  constructor(deps: BatchDeps) {
    this.#deps = deps
  }

  /** @throws what a write of the batch threw, also when `fill` has caught it: a batch is written whole. */
  fill<Value>(fill: (tables: { readonly [table: string]: AnyTable }) => Value): Value {
    const tables = Object.fromEntries([...this.#deps.schema.tables].map(([name, table]) => [name, this.#table(table)]))
    try {
      const value = fill(tables)
      if (isThenable(value)) throw refuseLater(value)
      if (this.#failure !== undefined) throw this.#failure.error
      return value
    } finally {
      this.#isOver = true
    }
  }

  #table(table: Table): AnyTable {
    return {
      insert: (input) => this.#guarded(() => this.#insert(table, input, 'insert')),
      update: (id, changes) => this.#guarded(() => this.#update(table, id, changes)),
      upsert: (input) => this.#guarded(() => {
        const id = idIn(input)
        if (id === undefined || !this.#exists(table, id)) return this.#insert(table, input, 'upsert')
        this.#update(table, id, changesIn(input))
        return id
      }),
      delete: (id) => this.#guarded(() => {
        if (this.#exists(table, id)) this.#add(table, id, 'delete')
      }),
    }
  }

  #insert(table: Table, input: unknown, kind: 'insert' | 'upsert'): string {
    const valid = validateInsert(table, input, { resolveRef: this.#deps.resolveRef })
    const id = valid.id ?? this.#deps.newId()
    if (this.#exists(table, id)) throw rowExists(table)
    this.#add(table, id, kind, valid)
    return id
  }

  #update(table: Table, id: string, changes: unknown): void {
    const valid = validateUpdate(table, changes, { resolveRef: this.#deps.resolveRef })
    if (!this.#exists(table, id)) throw noSuchRow(table, id)
    if (!changesNothing(valid)) this.#add(table, id, 'update', valid)
  }

  #add(table: Table, id: string, kind: WriteRequest['kind'], valid?: Parameters<typeof rowWrite>[4]): void {
    this.requests.push(rowWrite(table, kind, id, this.#deps.store.wire(table.name, id), valid))
    this.#made.set(rowKey(table.name, id), kind !== 'delete')
  }

  #exists(table: Table, id: string): boolean {
    return this.#made.get(rowKey(table.name, id)) ?? this.#deps.store.wire(table.name, id) !== undefined
  }

  #guarded<Value>(write: () => Value): Value {
    if (this.#isOver) throw new BseError('CLOSED', 'core.batch: a write after the function of the batch had returned', { what: 'batch' })
    try {
      return write()
    } catch (error) {
      this.#failure ??= { error }
      throw error
    }
  }
}

/** Bad input is a rejection, never a throw. */
function attempt<Value>(run: () => Value): Promise<Value> {
  try {
    return Promise.resolve(run())
  } catch (error) {
    return Promise.reject(error)
  }
}

function isThenable(value: unknown): value is PromiseLike<unknown> {
  return typeof value === 'object' && value !== null && typeof (value as { readonly then?: unknown }).then === 'function'
}

/** What it writes later would not be part of the batch. Its own failure is that of the caller's function, which is not used. */
function refuseLater(value: PromiseLike<unknown>): BseError {
  value.then(undefined, () => undefined)
  const message = 'the function of a batch must not be asynchronous'
  return new BseError('VALIDATION_FAILED', `core.batch: ${message}`, { issues: [{ column: '', rule: 'type', message }] })
}
