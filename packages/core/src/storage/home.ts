import type { StateStore } from '../provider/state-store.ts'
import { prefixRange } from '../state/keys.ts'

/**
 * What all principals of a device share, under the engine's own name: who was here last, and whose storage is to be wiped. An
 * engine without `auth` has its home and its records in one state.
 */
const PRINCIPAL_KEY = 'home/principal'
const WIPE_PREFIX = 'home/wipe/'

/** What becomes of writes and bytes that no server has yet when a person signs out. */
export type PendingPolicy = 'refuse' | 'keep' | 'discard'

/** A wipe that has begun: it is finished before anything of that namespace is read again. */
export interface Tombstone {
  /** What the namespace adds to the engine's name: `@` and the principal's key, or nothing where there are no principals. */
  readonly suffix: string
  readonly pending: PendingPolicy
}

const STRICT = { durability: 'strict' } as const

export async function lastPrincipal(home: StateStore): Promise<string | undefined> {
  const [key] = await home.get([PRINCIPAL_KEY])
  return typeof key === 'string' ? key : undefined
}

export function rememberPrincipal(home: StateStore, key: string): Promise<void> {
  return home.update([], () => ({ ops: [{ put: PRINCIPAL_KEY, value: key }], result: undefined }), STRICT)
}

/** Unless somebody else has been here since. */
export function forgetPrincipal(home: StateStore, key: string): Promise<void> {
  return home.update([PRINCIPAL_KEY], (get) => ({ ops: get(PRINCIPAL_KEY) === key ? [{ delete: PRINCIPAL_KEY }] : [], result: undefined }), STRICT)
}

export async function tombstones(home: StateStore): Promise<readonly Tombstone[]> {
  const found: Tombstone[] = []
  for await (const page of home.read(prefixRange(WIPE_PREFIX))) {
    for (const { key, value } of page) found.push({ suffix: key.slice(WIPE_PREFIX.length), pending: value as PendingPolicy })
  }
  return found
}

/**
 * Answers the tombstone that holds. One that began to wipe and did not come to its end is not replaced by `refuse`: that would change nothing
 * of what is gone or fenced already, and with writes pending nobody would ever finish it.
 */
export function putTombstone(home: StateStore, { suffix, pending }: Tombstone): Promise<Tombstone> {
  const key = tombstoneKey(suffix)
  return home.update([key], (get) => {
    const begun = get(key) as PendingPolicy | undefined
    const holds = pending === 'refuse' && begun !== undefined ? begun : pending
    return { ops: [{ put: key, value: holds }], result: { suffix, pending: holds } }
  }, STRICT)
}

export function removeTombstone(home: StateStore, suffix: string): Promise<void> {
  return home.update([], () => ({ ops: [{ delete: tombstoneKey(suffix) }], result: undefined }), STRICT)
}

/** Kept by a wipe of the very state that it stands in, until that is gone as a whole. */
export function tombstoneKey(suffix: string): string {
  return WIPE_PREFIX + suffix
}
