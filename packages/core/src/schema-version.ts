import type { SchemaMigration } from './model/migration.ts'
import { invalidOption } from './option-table.ts'
import type { SchemaVersion } from './state/schema-state.ts'

export interface SchemaVersionOptions {
  /** Raise it when columns are renamed, added or dropped, and say in `migrations` what became of them. Default 1. */
  readonly schemaVersion?: number
  /** One step for each version from 2 to `schemaVersion`, in order: what is done to writes that were queued before. */
  readonly migrations?: readonly SchemaMigration[]
}

/** @throws BseError `CONFIG_INVALID` when the steps do not lead to the version. */
export function schemaVersionOf(version: number, steps: readonly SchemaMigration[] = []): SchemaVersion {
  const isComplete = steps.length === version - 1 && steps.every(({ to, tables }, index) => to === index + 2 && typeof tables === 'object')
  if (!isComplete) throw invalidOption('migrations', 'a step for each version from 2 to schemaVersion, in order')
  return { version, steps }
}
