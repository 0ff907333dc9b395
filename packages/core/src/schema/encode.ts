import { BseError } from '../errors.ts'
import type { Json } from '../wire/json.ts'
import { readBlobRef, readHash } from './blob-value.ts'
import type { ValueType } from './definition.ts'
import { copyJson, textProblem, type Encoded } from './json-copy.ts'
import type { Column } from './schema.ts'

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/
/** Ids become parts of storage keys and of URLs. */
const MAX_ID_LENGTH = 255
/** Years 1 to 9999: beyond, ISO 8601 needs a sign that Postgres does not read. */
const FIRST_MS = Date.parse('0001-01-01T00:00:00.000Z')
const LAST_MS = Date.parse('9999-12-31T23:59:59.999Z')

const ENCODERS: { readonly [T in ValueType]: (value: unknown) => Encoded } = {
  uuid: (value) => encodeId('uuid', value),
  string: encodeText,
  datetime: encodeDate,
  number: (value) => (isNumber(value) && Number.isFinite(value) ? { value: value + 0 } : { problem: 'is not a finite number' }),
  integer: (value) => (isNumber(value) && Number.isSafeInteger(value) ? { value: value + 0 } : { problem: 'is not a whole number up to 2^53 - 1' }),
  boolean: (value) => (typeof value === 'boolean' ? { value } : { problem: 'is not a boolean' }),
  json: copyJson,
}

const isNumber = (value: unknown): value is number => typeof value === 'number'

/** The value as it crosses the wire, or why it cannot. `null` and bytes are the caller's to handle. */
export function tryEncode(column: Column, value: unknown): Encoded {
  if (column.type === 'ref') return encodeId(column.idType, value)
  if (column.type !== 'blob') return ENCODERS[column.type](value)
  if (column.holdsHash && typeof value === 'string') return encodeHash(value)
  const copy = copyJson(value)
  if ('problem' in copy) return copy
  const ref = readBlobRef(copy.value)
  if (ref === undefined) return { problem: 'is not a reference to a blob' }
  return { value: column.holdsHash ? ref.hash : ref }
}

function encodeHash(text: string): Encoded {
  const hash = readHash(text)
  return hash === undefined ? { problem: 'is not the hash of a blob' } : { value: hash }
}

/**
 * One value of a row, as reads give it, encoded for the wire: ISO 8601 in UTC for a `Date`, `null` for null.
 *
 * @throws BseError `VALIDATION_FAILED` when the column cannot hold it.
 */
export function encodeValue(column: Column, value: unknown): Json {
  if (value === null) {
    if (column.optional) return null
    throw refused(column.name, 'required', 'is required')
  }
  const encoded = tryEncode(column, value)
  if ('problem' in encoded) throw refused(column.name, 'type', encoded.problem)
  return encoded.value
}

/** Upper case is refused, not changed: a server would answer in lower case, and one row would have two names. */
export function encodeId(idType: 'uuid' | 'string', value: unknown): Encoded {
  if (typeof value !== 'string') return { problem: 'is not a string' }
  if (idType === 'uuid') return UUID.test(value) ? { value } : { problem: 'is not a UUID in lower case' }
  if (value.length === 0 || value.length > MAX_ID_LENGTH) return { problem: `is not 1 to ${MAX_ID_LENGTH} characters long` }
  return encodeText(value)
}

function encodeText(value: unknown): Encoded {
  if (typeof value !== 'string') return { problem: 'is not a string' }
  const problem = textProblem(value)
  return problem === undefined ? { value } : { problem }
}

function encodeDate(value: unknown): Encoded {
  if (Object.prototype.toString.call(value) !== '[object Date]') return { problem: 'is not a Date' }
  const timeMs = Number(value)
  if (!(timeMs >= FIRST_MS && timeMs <= LAST_MS)) return { problem: 'is not a valid Date of the years 1 to 9999' }
  return { value: new Date(timeMs).toISOString() }
}

function refused(column: string, rule: 'type' | 'required', message: string): BseError {
  return new BseError('VALIDATION_FAILED', `schema.encodeValue: ${column}: ${rule}`, { issues: [{ column, rule, message }] })
}
