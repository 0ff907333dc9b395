import { BseError } from '../errors.ts'
import { hashesOf } from '../model/mutation.ts'
import type { LedgerEntry, RemoteState } from '../model/ledger-entry.ts'
import type { CacheStore } from '../provider/cache-store.ts'
import type { StateStore } from '../provider/state-store.ts'
import { bytesKey, CURSOR_KEY, ledgerKey, MUTATION_SEQ_KEY, owedKey, prefixRange, PROVIDER_PREFIX, SIGN_OUT_KEY } from '../state/keys.ts'
import { takeLease } from '../state/leader-state.ts'
import { readLedgerEntry, readMutation } from '../state/records.ts'
import { blobHashFromHex, type BlobHash } from '../wire/blob-hash.ts'

const STRICT = { durability: 'strict' } as const
/** Rows, and what is remembered of the use of bytes. */
const FORGOTTEN: readonly string[] = ['base/', 'use/', 'pri/']
const EVERYTHING = { from: ' ', to: '\x7f' }
/** Bytes at a remote in one of these states are not there yet. */
const OWED: ReadonlySet<RemoteState> = new Set(['owed', 'uploading', 'cancelling', 'parked'])

/**
 * No tab writes from here on. With `refuse` only when no write and no upload waits, which is decided together with the fence.
 *
 * @throws BseError `PENDING_WORK`; nothing is fenced then.
 */
export async function fence(state: StateStore, pending: 'refuse' | 'keep' | 'discard'): Promise<void> {
  for (;;) {
    const before = pending === 'refuse' ? await assertNothingPending(state) : undefined
    const fenced = await state.update([MUTATION_SEQ_KEY], (get) => {
      const isAsSeen = pending !== 'refuse' || get(MUTATION_SEQ_KEY) === before
      return { ops: isAsSeen ? [{ put: SIGN_OUT_KEY, value: 1 }] : [], result: isAsSeen }
    }, STRICT)
    if (fenced) return
  }
}

/** Tabs may write again. */
export function unfence(state: StateStore): Promise<void> {
  return state.update([], () => ({ ops: [{ delete: SIGN_OUT_KEY }], result: undefined }), STRICT)
}

/** Answers the number of writes ever queued: nothing can wait that did not raise it since. */
async function assertNothingPending(state: StateStore): Promise<unknown> {
  const [queued] = await state.get([MUTATION_SEQ_KEY])
  let [mutations, uploads] = [0, 0]
  for await (const page of state.read(prefixRange('mut/'))) mutations += page.length
  for await (const entries of ledgerPages(state, 'owed/')) uploads += entries.filter(({ entry }) => entry === undefined || isOwed(entry)).length
  if (mutations + uploads > 0) throw new BseError('PENDING_WORK', 'core.logout: no server has everything yet', { mutations, uploads })
  return queued
}

/** Everything of a namespace goes. Bytes first, so that their only record is there as long as they are. */
export async function eraseAll(state: StateStore, cache: CacheStore, keep: readonly string[]): Promise<void> {
  await cache.destroy()
  // A tab that is frozen can hold back the end of the database, but not that of what is in it.
  await state.update(keep, (get) => {
    const kept = keep.flatMap((key) => (get(key) === undefined ? [] : [{ put: key, value: get(key) }]))
    return { ops: [{ deleteRange: EVERYTHING }, ...kept, { put: SIGN_OUT_KEY, value: 1 }], result: undefined }
  }, STRICT)
  await state.destroy()
}

/**
 * Everything goes but what is owed to a server: queued writes, the bytes that no server has, and what says so. Rows come back
 * from the server when this principal signs in again.
 */
export async function eraseAcknowledged(state: StateStore, cache: CacheStore): Promise<void> {
  await takeLease(state, 'sign-out')
  const { handed, named } = await queued(state)
  for await (const entries of ledgerPages(state, 'led/')) {
    for (const { hash, entry } of entries) if (entry !== undefined && !named.has(hash)) await forgetBlob(state, cache, entry)
  }
  await cache.sweep(() => false)
  // A replica's own records may be the only place of a write that it was handed.
  const provider = handed ? [] : [{ deleteRange: prefixRange(PROVIDER_PREFIX) }]
  await state.update([], () => ({
    ops: [...FORGOTTEN.map((prefix) => ({ deleteRange: prefixRange(prefix) })), { delete: CURSOR_KEY }, ...provider, { delete: SIGN_OUT_KEY }], result: undefined,
  }), STRICT)
}

async function queued(state: StateStore): Promise<{ readonly handed: boolean; readonly named: ReadonlySet<BlobHash> }> {
  const named = new Set<BlobHash>()
  let handed = false
  for await (const page of state.read(prefixRange('mut/'))) {
    for (const { value } of page) {
      const record = readMutation(value)
      // Of a record that is newer than this code nobody knows what it needs.
      handed ||= record === undefined || record.state.is === 'handed'
      for (const hash of hashesOf(record?.ops ?? [])) named.add(hash)
    }
  }
  return { handed, named }
}

async function forgetBlob(state: StateStore, cache: CacheStore, entry: LedgerEntry): Promise<void> {
  // What is staged is about to be published, or its tab is dead: with its record, whoever staged it or the next start takes it back.
  if (isOwed(entry) || entry.claims.length > 0 || entry.local === 'staged') return
  const { hash } = entry
  if (!entry.inline && entry.local !== 'absent' && (await cache.delete(hash)) === 'busy') {
    throw new BseError('STORAGE_FAILED', 'core.logout: a blob is in use', { store: cache.name })
  }
  const ops = [ledgerKey(hash), owedKey(hash), bytesKey(hash)].map((key) => ({ delete: key }))
  await state.update([], () => ({ ops, result: undefined }), { durability: 'relaxed' })
}

function isOwed(entry: LedgerEntry): boolean {
  return entry.local === 'lost' || Object.values(entry.remotes).some((remote) => OWED.has(remote.state))
}

/** Ledger entries by their own keys, or by the markers of those that have work. */
async function* ledgerPages(
  state: StateStore, prefix: 'led/' | 'owed/',
): AsyncGenerator<readonly { readonly hash: BlobHash; readonly entry: LedgerEntry | undefined }[], void, undefined> {
  for await (const page of state.read(prefixRange(prefix))) {
    const hashes = page.map(({ key }) => blobHashFromHex(key.slice(prefix.length)))
    const values = await state.get(hashes.map(ledgerKey))
    yield hashes.map((hash, index) => ({ hash, entry: readLedgerEntry(values[index]) }))
  }
}
