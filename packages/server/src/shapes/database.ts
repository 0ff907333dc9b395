/** One row; every statement of this folder casts what it selects to text, so that both drivers agree. */
export type TextRow = Readonly<Record<string, string | null>>

/** Something that runs one statement. Parameters are text; Postgres infers the type from where they stand. */
export interface Queryable {
  query(sql: string, parameters?: readonly (string | null)[]): Promise<readonly TextRow[]>
}

/**
 * What the shapes need of a Postgres. Two are here: a server over the wire (`postgresDatabase`) and an embedded one (`pgliteDatabase`).
 */
export interface ShapeDatabase extends Queryable {
  /** Repeatable read: one snapshot for all of its statements. Rolled back when `work` rejects. */
  transaction<T>(work: (transaction: Queryable) => Promise<T>): Promise<T>
  /** Calls `wake` for every notification of the channel and after every loss of the connection that could have hidden one. */
  listen(channel: string, wake: () => void): Promise<void>
  /** Whether this process alone may follow changes; false while another one does. Held until `close`. */
  claim(key: number): Promise<boolean>
  close(): Promise<void>
}

export function quoteName(name: string): string {
  return `"${name.replaceAll('"', '""')}"`
}

export function quoteText(text: string): string {
  return text.includes('\\') ? `E'${text.replaceAll('\\', '\\\\').replaceAll("'", "''")}'` : `'${text.replaceAll("'", "''")}'`
}
