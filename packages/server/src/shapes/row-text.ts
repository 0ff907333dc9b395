/**
 * The fields of a row as Postgres writes it, `(1,"a ""b""",)`: each field by its type's own output function, nothing for NULL.
 * It is the one form that holds every type as the wire does and that Postgres can read back.
 */
export function fieldsOfRow(text: string): readonly (string | null)[] {
  if (text === '()') return []
  const fields: (string | null)[] = []
  let at = 1
  while (at < text.length) {
    const field = fieldAt(text, at)
    fields.push(field.value)
    at = field.end + 1
  }
  return fields
}

interface Field {
  readonly value: string | null
  /** Where the separator or the closing parenthesis stands. */
  readonly end: number
}

function fieldAt(text: string, start: number): Field {
  if (text[start] === '"') return quotedAt(text, start + 1)
  let end = start
  while (text[end] !== ',' && text[end] !== ')') end += 1
  return { value: end === start ? null : text.slice(start, end), end }
}

function quotedAt(text: string, start: number): Field {
  let value = ''
  let at = start
  for (;;) {
    const character = text[at]
    // A quote and a backslash stand twice inside of quotes; a single quote ends the field.
    if (character === '"' && text[at + 1] !== '"') return { value, end: at + 1 }
    if (character === '"' || character === '\\') at += 1
    value += character ?? ''
    at += 1
  }
}
