import { migrateRecord, migrateRow, type SchemaMigration } from '../model/migration.ts'
import type { StateChange, StateEntry, StateOp, StateStore } from '../provider/state-store.ts'
import { readKey } from './keys.ts'
import { readMutation } from './records.ts'

export interface SchemaVersion {
  readonly version: number
  /** In their order; one for each version from 2 on. */
  readonly steps: readonly SchemaMigration[]
}

/** Reads as a version that no code knows: kept aside, like any record of newer code. */
const NEWER = Number.MAX_SAFE_INTEGER

/**
 * State as the app's schema of today reads it. Writes that were queued under an older schema are given in the words of this one, and are
 * stored so when they are next changed; those of a newer schema (another tab has the newer app) are kept aside.
 */
export function schemaState(state: StateStore, schema: SchemaVersion): StateStore {
  const read = (key: string, value: unknown): unknown => translated(key, value, schema)
  const entry = ({ key, value }: StateEntry): StateEntry => ({ key, value: read(key, value) })
  return {
    get name() { return state.name },
    get durable() { return state.durable },
    destroy: () => state.destroy(),
    close: () => state.close(),
    update: (keys, decide, options) => state.update(keys, (get) => {
      const { ops, result } = decide((key) => read(key, get(key)))
      return { ops: ops.map((op) => stamped(op, schema)), result }
    }, options),
    get: async (keys) => {
      const values = await state.get(keys)
      return keys.map((key, index) => read(key, values[index]))
    },
    async *read(range, options) {
      for await (const page of state.read(range, options)) yield page.map(entry)
    },
    async *watch(since, options) {
      for await (const change of state.watch(since, options)) yield 'reset' in change ? change : ({ ...change, entries: change.entries.map(entry) } satisfies StateChange)
    },
  }
}

function translated(key: string, value: unknown, { version, steps }: SchemaVersion): unknown {
  if (key.startsWith('base/')) return steps.length === 0 ? value : translatedRow(key, value, steps)
  const record = key.startsWith('mut/') ? readMutation(value) : undefined
  const from = record?.schemaVersion ?? 1
  if (record === undefined || from === version) return value
  return from > version ? { ...record, v: NEWER } : migrateRecord(record, steps, version)
}

function translatedRow(key: string, value: unknown, steps: readonly SchemaMigration[]): unknown {
  const meaning = readKey(key)
  const isRow = meaning?.of === 'row' && typeof value === 'object' && value !== null
  return isRow ? migrateRow(value as Parameters<typeof migrateRow>[0], meaning.table, steps) : value
}

function stamped(op: StateOp, { version }: SchemaVersion): StateOp {
  const isWrite = version > 1 && 'put' in op && op.put.startsWith('mut/')
  return isWrite ? { put: op.put, value: { ...(op.value as object), schemaVersion: version } } : op
}
