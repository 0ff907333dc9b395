/** The types that an expression may compare. A column of any other type may be tested for NULL and cast to text. */
const NUMBERS = ['int2', 'int4', 'int8', 'numeric', 'float4', 'float8'] as const
const INTEGERS: ReadonlySet<string> = new Set(['int2', 'int4', 'int8'])
const NUMBER_SET: ReadonlySet<string> = new Set(NUMBERS)
const TEXTS: ReadonlySet<string> = new Set(['text', 'varchar', 'bpchar', 'name'])
const COMPARED_ALONE: ReadonlySet<string> = new Set(['bool', 'uuid', 'date', 'time', 'timestamp', 'timestamptz'])
const ALSO_CAST: ReadonlySet<string> = new Set(['interval'])

/** `unknown` is a literal, a parameter or NULL whose type its surroundings decide. Arrays end in `[]`. */
export type SqlType = string

export function isArray(type: SqlType): boolean {
  return type.endsWith('[]')
}

export function elementOf(type: SqlType): SqlType {
  return type.slice(0, -2)
}

export function isNumber(type: SqlType): boolean {
  return NUMBER_SET.has(type)
}

export function isInteger(type: SqlType): boolean {
  return INTEGERS.has(type)
}

export function isText(type: SqlType): boolean {
  return TEXTS.has(type)
}

/** Whether `=` and its like are there for the type, between two values of it. */
export function isComparable(type: SqlType): boolean {
  return isNumber(type) || isText(type) || COMPARED_ALONE.has(type) || (isArray(type) && isComparable(elementOf(type)))
}

/** Whether a request may cast to it. */
export function isCastTarget(type: SqlType): boolean {
  return isComparable(type) || ALSO_CAST.has(type) || (isArray(type) && isCastTarget(elementOf(type)))
}

/** Whether two values of these types can be compared as they are. */
export function areAlike(left: SqlType, right: SqlType): boolean {
  if (isArray(left)) return left === right && isComparable(left)
  return (isNumber(left) && isNumber(right)) || (isText(left) && isText(right)) || (left === right && isComparable(left))
}

/** What arithmetic on two numbers gives. */
export function widerNumber(left: SqlType, right: SqlType): SqlType {
  const rank = (type: SqlType): number => NUMBERS.findIndex((known) => known === type)
  return rank(left) >= rank(right) ? left : right
}

const LIMITS: Readonly<Record<string, bigint>> = { int2: 32_767n, int4: 2_147_483_647n, int8: 9_223_372_036_854_775_807n }
const CLOCK = String.raw`\d{2}:\d{2}:\d{2}(?:\.\d{1,6})?`
const PATTERNS: Readonly<Record<string, RegExp>> = {
  numeric: /^\s*[+-]?(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?\s*$/i,
  float4: /^\s*[+-]?(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?\s*$/i,
  float8: /^\s*[+-]?(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?\s*$/i,
  bool: /^\s*(?:t|tr|tru|true|f|fa|fal|fals|false|y|ye|yes|n|no|on|of|off|1|0)\s*$/i,
  uuid: /^\{?[0-9a-f]{8}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{12}\}?$/i,
  date: /^\d{4}-\d{2}-\d{2}$/,
  time: new RegExp(`^${CLOCK}$`),
  timestamp: new RegExp(String.raw`^\d{4}-\d{2}-\d{2}[ T]${CLOCK}$`),
  timestamptz: new RegExp(String.raw`^\d{4}-\d{2}-\d{2}[ T]${CLOCK}(?:Z|[+-]\d{2}(?::?\d{2})?)$`),
  interval: /^[\w\s.:+-]{1,100}$/,
}

/** Whether the text is a value of the type. Postgres has the last word; this one keeps its errors out of later evaluations. */
export function isValueOf(type: SqlType, text: string): boolean {
  if (isText(type)) return true
  if (isArray(type)) return /^\{.*\}$/s.test(text)
  const limit = LIMITS[type]
  if (limit !== undefined) return /^\s*[+-]?\d{1,20}\s*$/.test(text) && BigInt(text.trim().replace('+', '')) <= limit && BigInt(text.trim().replace('+', '')) >= -limit - 1n
  return PATTERNS[type]?.test(text) ?? false
}
