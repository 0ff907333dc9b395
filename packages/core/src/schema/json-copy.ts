import type { Json } from '../wire/json.ts'

/** Deeper values are refused, so that code that walks rows may recurse. */
export const MAX_JSON_DEPTH = 100
/** A value may share its parts; written out it could be exponentially larger than in memory. */
export const MAX_JSON_NODES = 1_000_000

export type Encoded = { readonly value: Json } | { readonly problem: string }

/**
 * A copy that later changes of the original cannot reach, of exactly what every backend stores; or why there is none.
 * `-0` becomes `0`, as JSON has it.
 */
export function copyJson(value: unknown): Encoded {
  const walk: Walk = { nodes: 0, problem: undefined }
  const copy = copyNode(value, 0, walk)
  return walk.problem === undefined ? { value: copy } : { problem: walk.problem }
}

/** Text that Postgres, IndexedDB and UTF-8 can all hold. */
export function textProblem(text: string): string | undefined {
  if (!text.isWellFormed()) return 'has half of a surrogate pair'
  return text.includes('\0') ? 'has a NUL character' : undefined
}

interface Walk {
  nodes: number
  problem: string | undefined
}

function copyNode(value: unknown, depth: number, walk: Walk): Json {
  walk.nodes += 1
  if (walk.nodes > MAX_JSON_NODES) return refuse(walk, `has more than ${MAX_JSON_NODES} parts`)
  if (value === null || typeof value === 'boolean') return value
  if (typeof value === 'number') return Number.isFinite(value) ? value + 0 : refuse(walk, 'has a number that is not finite')
  if (typeof value === 'string') return copyText(value, walk)
  if (typeof value !== 'object') return refuse(walk, `has a value of type ${typeof value}, which JSON does not know`)
  if (depth >= MAX_JSON_DEPTH) return refuse(walk, `is cyclic or nested deeper than ${MAX_JSON_DEPTH}`)
  return Array.isArray(value) ? copyArray(value, depth, walk) : copyObject(value, depth, walk)
}

function copyText(text: string, walk: Walk): string {
  walk.problem ??= textProblem(text)
  return text
}

function copyArray(array: readonly unknown[], depth: number, walk: Walk): Json {
  const copy: Json[] = []
  for (const item of array) {
    if (walk.problem !== undefined) break
    copy.push(copyNode(item, depth + 1, walk))
  }
  return copy
}

function copyObject(object: object, depth: number, walk: Walk): Json {
  if (!isPlainObject(object)) return refuse(walk, 'has an object that is not plain')
  const copy: { [key: string]: Json } = {}
  for (const key of Object.keys(object)) {
    if (walk.problem !== undefined) break
    if (key === '__proto__') return refuse(walk, 'has a key "__proto__"')
    copy[copyText(key, walk)] = copyNode((object as { readonly [key: string]: unknown })[key], depth + 1, walk)
  }
  return copy
}

/** True for objects of another realm too: their prototype is not ours, but it is the end of a chain. */
function isPlainObject(object: object): boolean {
  const prototype: unknown = Object.getPrototypeOf(object)
  return prototype === null || Object.getPrototypeOf(prototype) === null
}

function refuse(walk: Walk, problem: string): null {
  walk.problem ??= problem
  return null
}
