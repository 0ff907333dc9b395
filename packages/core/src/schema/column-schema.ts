import type { StandardSchemaV1 } from '@standard-schema/spec'

/** What a column's own schema made of a value, or everything that it found wrong with it. */
export type SchemaResult = { readonly value: unknown } | { readonly problems: readonly string[] }

/**
 * Runs a validator that must answer at once: a write is shown at once, and nothing may be shown that is refused later.
 *
 * @throws what the validator itself throws.
 */
export function runColumnSchema(schema: StandardSchemaV1, value: unknown): SchemaResult {
  const result = schema['~standard'].validate(value)
  if (isPromise(result)) {
    // Its answer comes too late, whatever it is.
    result.then(undefined, () => undefined)
    return { problems: ['has a schema that answers asynchronously; a column needs one that answers at once'] }
  }
  if (!result.issues) return { value: result.value }
  return { problems: result.issues.length === 0 ? ['is refused by the schema of its column'] : result.issues.map(messageOf) }
}

function messageOf({ message, path = [] }: StandardSchemaV1.Issue): string {
  const at = path.map((segment) => keyText(typeof segment === 'object' ? segment.key : segment)).join('')
  return at === '' ? message : `at ${at.replace(/^\./, '')}: ${message}`
}

function keyText(key: PropertyKey): string {
  return typeof key === 'number' ? `[${key}]` : `.${String(key)}`
}

function isPromise<T>(result: T | Promise<T>): result is Promise<T> {
  return typeof (result as { readonly then?: unknown }).then === 'function'
}
