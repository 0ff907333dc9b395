import { BseError, hasCode } from '../errors.ts'
import type { CacheStore } from '../provider/cache-store.ts'
import type { StateStore } from '../provider/state-store.ts'
import { CACHE_KEY } from '../state/keys.ts'
import type { BlobHash } from '../wire/blob-hash.ts'

/** Of no bytes: asking for it opens a store, and finds nothing in most. */
const ANY_HASH: BlobHash = 'sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855'

export interface ChosenCache {
  readonly store: CacheStore
  /** The first of the list, when that one could not be had, and why. */
  readonly instead: { readonly of: string; readonly error: BseError } | undefined
}

/**
 * The store that this device has its bytes in; on a device without bytes the first of the list that works. The others are
 * closed.
 *
 * A store that fails is passed over only as long as it cannot hold anything: the ledger knows which bytes are here, not where,
 * and would take those of the passed-over store for lost.
 *
 * @throws BseError `CONFIG_INVALID` when this device has its bytes in a store that is not in the list; what state rejects with.
 */
export async function chooseCache(state: StateStore, stores: readonly CacheStore[]): Promise<ChosenCache> {
  const [remembered] = await state.get([CACHE_KEY])
  const chosen = typeof remembered === 'string' ? { store: byName(stores, remembered), instead: undefined } : await firstThatWorks(stores)
  await Promise.all(stores.filter((store) => store !== chosen.store).map((store) => store.close()))
  return chosen
}

function byName(stores: readonly CacheStore[], name: string): CacheStore {
  const store = stores.find((one) => one.name === name)
  if (store !== undefined) return store
  const message = `core.createSyncEngine: cache.backend: this device has bytes in ${name}, which must stay in the list`
  throw new BseError('CONFIG_INVALID', message, { option: 'cache.backend' })
}

async function firstThatWorks(stores: readonly CacheStore[]): Promise<ChosenCache> {
  const [first] = stores
  if (first === undefined) throw new BseError('CONFIG_INVALID', 'core.createSyncEngine: cache.backend: the list is empty', { option: 'cache.backend' })
  let instead: ChosenCache['instead']
  for (const store of stores.length === 1 ? [] : stores) {
    const failure = await failureOf(store)
    if (failure === undefined) return { store, instead }
    instead ??= { of: store.name, error: failure }
  }
  // The only one, or none works: its own calls say why.
  return { store: first, instead: undefined }
}

/** Other errors than `STORAGE_FAILED` are no reason to pass a store over: a newer version's store, for one, is in use. */
async function failureOf(store: CacheStore): Promise<BseError | undefined> {
  try {
    await store.get(ANY_HASH)
    return undefined
  } catch (error) {
    return hasCode(error, 'STORAGE_FAILED') ? error : undefined
  }
}

/**
 * Writes down where the bytes of this device are. To be done before the first are staged.
 *
 * @throws BseError `STORAGE_FAILED` when another tab has chosen another store in the meantime; what state rejects with.
 */
export async function rememberCache(state: StateStore, name: string): Promise<void> {
  const remembered = await state.update([CACHE_KEY], (get) => {
    const known = get(CACHE_KEY)
    return typeof known === 'string' ? { ops: [], result: known } : { ops: [{ put: CACHE_KEY, value: name }], result: name }
  }, { durability: 'strict' })
  if (remembered === name) return
  throw new BseError('STORAGE_FAILED', `core: another tab keeps bytes in ${remembered}; this page has to be reloaded`, { store: name })
}
