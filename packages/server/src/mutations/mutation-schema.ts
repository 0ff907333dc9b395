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

/** What the database calls a column or a table. */
export function columnName(name: string, definition: string | MutationColumn | undefined, casing: 'snake' | undefined): string {
  if (typeof definition === 'object' && definition.column !== undefined) return definition.column
  return casing === 'snake' ? name.replaceAll(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`) : name
}
