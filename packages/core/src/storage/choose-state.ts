import { BseError, hasCode } from '../errors.ts'
import type { StateFactory, StateStore } from '../provider/state-store.ts'
import { idbState } from '../state/idb-state.ts'
import { LEASE_KEY } from '../state/keys.ts'

/** What a browser says that lets this origin keep nothing: private windows, blocked site data, a sandboxed frame. */
const REFUSALS: readonly string[] = ['SecurityError', 'NotAllowedError', 'NotSupportedError']

export interface ChosenState {
  readonly store: StateStore
  /** Opens others of the same kind. */
  readonly open: StateFactory
  /** Why it is not IndexedDB. */
  readonly refusal: BseError | undefined
}

/**
 * IndexedDB, or this page's memory where the browser refuses it. Only a refusal counts: a database that is blocked, too new or
 * broken may hold writes that no server has, and an engine that went on without them would look as if all were well.
 */
export async function chooseState(namespace: string): Promise<ChosenState> {
  const idb = idbState()
  const store = idb(namespace)
  const refusal = typeof indexedDB === 'undefined' ? noIndexedDb() : await refusalOf(store)
  if (refusal === undefined) return { store, open: idb, refusal }
  await store.close()
  const { memoryState } = await import('../memory/index.ts')
  const open = memoryState()
  return { store: open(namespace), open, refusal }
}

async function refusalOf(store: StateStore): Promise<BseError | undefined> {
  try {
    await store.get([LEASE_KEY])
    return undefined
  } catch (error) {
    // Any other error comes again with the next call, and is told there.
    return hasCode(error, 'STORAGE_FAILED') && REFUSALS.includes(nameOf(error.cause)) ? error : undefined
  }
}

function noIndexedDb(): BseError {
  return new BseError('STORAGE_FAILED', 'core: this browser has no IndexedDB', { store: 'idb' })
}

function nameOf(error: unknown): string {
  return typeof error === 'object' && error !== null ? String((error as { readonly name?: unknown }).name) : ''
}
