import type { Json } from '../wire/json.ts'
import { MAX_JSON_DEPTH } from './json-copy.ts'

/**
 * Freezes a value and all its parts, so that no reader can change what others read. `undefined` when it is no JSON
 * (bytes cannot be frozen) or nested deeper than any write of ours: code behind this may recurse.
 */
export function freezeJson<T extends Json>(value: T, depth = 0): T | undefined {
  if (typeof value !== 'object' || value === null) return value
  if (depth >= MAX_JSON_DEPTH || ArrayBuffer.isView(value)) return undefined
  for (const part of Object.values(value) as Json[]) {
    if (freezeJson(part, depth + 1) === undefined) return undefined
  }
  return Object.freeze(value)
}
