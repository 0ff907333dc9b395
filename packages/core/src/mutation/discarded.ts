/**
 * The ids of writes that were taken back. A record that vanishes from the queue was applied by the server, unless its id is
 * here: without it another tab could not tell, and would report as synced what nobody has.
 */
export const DISCARDED_KEY = 'meta/discarded'

const REMEMBERED = 256

export function withDiscarded(value: unknown, ...ids: readonly string[]): readonly string[] {
  return [...discardedIds(value), ...ids].slice(-REMEMBERED)
}

export function discardedIds(value: unknown): readonly string[] {
  return Array.isArray(value) ? value.filter((id): id is string => typeof id === 'string') : []
}
