import type { Column } from './catalog.ts'
import { quoteName } from './database.ts'
import { parseSelect, type SyntaxNode } from './sql-parser.ts'
import { ConditionFault } from './where-expression.ts'

const PREFIX = 'SELECT 1 ORDER BY '
const DIRECTIONS: Readonly<Record<string, string>> = { SORTBY_ASC: ' ASC', SORTBY_DESC: ' DESC' }
const NULLS: Readonly<Record<string, string>> = { SORTBY_NULLS_FIRST: ' NULLS FIRST', SORTBY_NULLS_LAST: ' NULLS LAST' }

/**
 * Understands the order of a subset, plain columns only, and writes it anew.
 *
 * @throws ConditionFault
 */
export async function understoodOrder(text: string, columns: readonly Column[]): Promise<string> {
  const names = new Set(columns.map(({ name }) => name))
  const select = await parseSelect(PREFIX + text, ['sortClause'])
  const terms = select['sortClause'] as readonly { readonly SortBy: SyntaxNode }[]
  return terms.map(({ SortBy }) => term(SortBy, names)).join(', ')
}

function term(sort: SyntaxNode, names: ReadonlySet<string>): string {
  const [kind = '', fields = {}] = Object.entries(sort['node'] as Readonly<Record<string, SyntaxNode>>)[0] ?? []
  const location = Number(fields['location'] ?? 0)
  if (kind !== 'ColumnRef') throw new ConditionFault(`${kind} expressions are not allowed in ORDER BY clauses`, location)
  const path = (fields['fields'] as readonly { readonly String?: { readonly sval?: string } }[]).map((part) => part.String?.sval ?? '*')
  const name = path.join('.')
  if (path.length !== 1 || !names.has(name)) throw new ConditionFault(`unknown reference ${name}`, location)
  return quoteName(name) + (DIRECTIONS[String(sort['sortby_dir'])] ?? '') + (NULLS[String(sort['sortby_nulls'])] ?? '')
}
