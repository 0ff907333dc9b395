import { refused } from './refusal.ts'

/** The values in the order of their numbers, which must be 1 to n. */
export function numberedParams(entries: readonly (readonly [string, string])[]): readonly string[] {
  if (entries.some(([key]) => !/^\d+$/.test(key))) throw refused('params', 'Parameters can only use numbers as keys')
  const sorted = entries.map(([key, value]) => [Number(key), value] as const).toSorted(([a], [b]) => a - b)
  if (sorted.some(([number], index) => number !== index + 1)) throw refused('params', 'Parameters must be numbered sequentially, starting from 1')
  return sorted.map(([, value]) => value)
}
