import { ConditionFault } from './where-expression.ts'

/** The fields of one node of Postgres' own syntax tree, as JSON. */
export type SyntaxNode = Readonly<Record<string, unknown>>

const MAX_LENGTH = 100_000
const ALWAYS = new Set(['targetList', 'limitOption', 'op'])

/**
 * Parses one SELECT by Postgres' own parser and refuses it when it has any part besides those named.
 *
 * @throws ConditionFault
 */
export async function parseSelect(sql: string, parts: readonly string[]): Promise<SyntaxNode> {
  if (sql.length > MAX_LENGTH) throw new ConditionFault('the condition is too long')
  if (sql.includes('\0')) throw new ConditionFault('the condition holds a zero byte')
  const { parse } = await import('pgsql-parser')
  const statements = await parse(sql).then(
    (tree) => (tree as { stmts?: readonly { stmt?: { SelectStmt?: SyntaxNode } }[] }).stmts ?? [],
    (error: unknown) => {
      throw syntaxFault(error)
    },
  )
  if (statements.length !== 1) throw new ConditionFault('unescaped ";" causing statement split')
  const select = statements[0]?.stmt?.SelectStmt
  const strange = Object.keys(select ?? {}).find((part) => !ALWAYS.has(part) && !parts.includes(part))
  if (select === undefined || strange !== undefined || select['op'] !== 'SETOP_NONE') throw new ConditionFault('one expression is wanted')
  return select
}

/** Its place is counted from the beginning of the whole statement, as Electric does. */
function syntaxFault(error: unknown): ConditionFault {
  const { sqlDetails } = error as { sqlDetails?: { message: string; cursorPosition: number } }
  if (sqlDetails === undefined) return new ConditionFault('syntax error')
  return new ConditionFault(sqlDetails.message, sqlDetails.cursorPosition)
}
