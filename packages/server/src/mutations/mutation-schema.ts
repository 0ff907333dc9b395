import { tableName } from '../shapes/identifiers.ts'

/**
 * The app's schema, as it is given to the engine: table to column to type. More of a column than its type, its name in the database and whether it may be
 * empty is not looked at, so the same literal serves both sides.
 */
export interface MutationSchema {
  readonly [table: string]: { readonly [column: string]: string | MutationColumn }
}

export interface MutationColumn {
  readonly type: string
  /** What the database calls it, when that is not the name itself (or, with `casing: 'snake'`, the name in snake case). */
  readonly column?: string
}

/** How one table of the schema is found in the database: the part of `electricData`'s option of the same name that is about names. */
export interface TableNaming {
  /** With its schema where that is not the default one: `archive.photos`. Read as SQL reads it: quoted to keep capitals. */
  readonly table?: string
  /** Names in the database by names in the schema; `id` too. */
  readonly columns?: Readonly<Record<string, string>>
}

/** How an app's schema and the database fit together. */
export interface NamingOptions {
  /** The app's own. Left out: every table of `databaseSchema` with a primary key of one column. */
  readonly schema?: MutationSchema | undefined
  /** `snake`: what the schema calls `familyId` is `family_id` in the database, unless its column says otherwise. Tables too. */
  readonly casing?: 'snake' | undefined
  /** Other names in the database, by table of the schema. */
  readonly tables?: Readonly<Record<string, TableNaming>> | undefined
  /** Of Postgres. Default `public`. */
  readonly databaseSchema?: string | undefined
}

export function namesOf({ casing, databaseSchema = 'public', schema, tables = {} }: NamingOptions): NamesInDatabase {
  return { schema, tables, casing, databaseSchema }
}

export interface NamesInDatabase {
  readonly schema: MutationSchema | undefined
  readonly tables: Readonly<Record<string, TableNaming>>
  readonly casing: 'snake' | undefined
  /** Of Postgres. */
  readonly databaseSchema: string
}

/** Schema and name of a table, as Postgres has them. */
export function tableInDatabase(name: string, { casing, databaseSchema, tables }: NamesInDatabase): readonly [schema: string, name: string] {
  const given = Object.hasOwn(tables, name) ? tables[name]?.table : undefined
  if (given === undefined) return [databaseSchema, cased(name, casing)]
  const [schema, table] = tableName(given)
  return [given.includes('.') ? schema : databaseSchema, table]
}

/** What the database calls a column. */
export function columnInDatabase(table: string, name: string, definition: string | MutationColumn | undefined, { casing, tables }: NamesInDatabase): string {
  const columns = Object.hasOwn(tables, table) ? tables[table]?.columns : undefined
  if (columns !== undefined && Object.hasOwn(columns, name)) return columns[name] ?? name
  return (typeof definition === 'object' ? definition.column : undefined) ?? cased(name, casing)
}

/** What a schema would call a name of the database. */
export function nameFromDatabase(name: string, casing: 'snake' | undefined): string {
  return casing === 'snake' ? name.replaceAll(/_([a-z0-9])/g, (_, letter: string) => letter.toUpperCase()) : name
}

function cased(name: string, casing: 'snake' | undefined): string {
  return casing === 'snake' ? name.replaceAll(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`) : name
}
