import { refused } from './refusal.ts'

const PLAIN = /^[a-z_][a-z0-9_$]*$/i

/** A table as a request names it: the schema is `public` unless given, and unquoted names are lower-cased, as in SQL. */
export function tableName(text: string): readonly [schema: string, name: string] {
  const parts = splitUnquoted(text, '.')
  if (parts.length > 2) throw refused('table', `Invalid relation identifier, too many delimiters: ${text}`)
  const names = parts.map((part) => identifier(part, 'table'))
  return names.length === 2 ? [names[0] ?? '', names[1] ?? ''] : ['public', names[0] ?? '']
}

export function columnNames(text: string, field: string): readonly string[] {
  return splitUnquoted(text, ',').map((part) => identifier(part, field))
}

function identifier(text: string, field: string): string {
  if (text === '') throw refused(field, 'Invalid zero-length delimited identifier')
  if (text.length > 1 && text.startsWith('"') && text.endsWith('"')) return quoted(text, field)
  if (!PLAIN.test(text)) throw refused(field, `Invalid unquoted identifier contains special characters: ${text}`)
  return text.toLowerCase()
}

function quoted(text: string, field: string): string {
  const inner = text.slice(1, -1)
  if (inner === '') throw refused(field, 'Invalid zero-length delimited identifier')
  if (inner.replaceAll('""', '').includes('"')) throw refused(field, `Invalid identifier contains an unescaped quote: ${text}`)
  return inner.replaceAll('""', '"')
}

/** Cuts at the separator where it stands outside of double quotes. */
function splitUnquoted(text: string, separator: string): readonly string[] {
  const parts = ['']
  let isQuoted = false
  for (const character of text) {
    if (character === '"') isQuoted = !isQuoted
    if (character === separator && !isQuoted) parts.push('')
    else parts[parts.length - 1] += character
  }
  return parts
}
