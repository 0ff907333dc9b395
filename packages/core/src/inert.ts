import { runBatch } from './batch.ts'
import type { CollectionDeps } from './collection.ts'
import type { EngineParts } from './engine.ts'
import { BseError } from './errors.ts'
import type { SyncStatus } from './events.ts'
import type { Schema } from './schema/index.ts'
import { INITIAL_STATUS } from './status.ts'
import { createRowStore } from './store/index.ts'
import { LOADING_BLOB, type LiveBlob, type LiveQuery, type LiveSnapshot } from './subscription/index.ts'

/** Neither a page nor a worker of one: what renders pages on a server. */
export function isServer(): boolean {
  return typeof indexedDB === 'undefined' && typeof window === 'undefined' && typeof document === 'undefined'
}

/**
 * What an app's module gets on a server that renders its pages, where nothing can be kept for the person and nobody looks at a second
 * render. Subscriptions are loading for ever; whatever would read or write rejects. It calls no adapter, starts no timer, holds
 * nothing, and any number of them may have one name. Guide: docs/guides/ssr.md.
 */
export function inertEngine(schema: Schema): EngineParts {
  const ready = rejected()
  // Most apps never look at it on a server, which must not end the process.
  ready.catch(() => undefined)
  const deps: Omit<CollectionDeps, 'table'> = {
    store: createRowStore(schema), subscriptions: { live: () => LOADING_QUERY }, opened: rejected, isOpen: () => false, newId: refuse, write: refuse,
    synced: rejected, resolveRef: () => undefined,
  }
  return {
    collectionDeps: () => deps,
    writeFailed: nothing,
    members: () => ({
      ready,
      status: { getSnapshot: initialStatus, getServerSnapshot: initialStatus, subscribe: () => nothing },
      offline: {
        pending: rejected, flush: rejected, pause: rejected, resume: rejected, cancel: rejected, retry: rejected, discard: rejected, superseded: rejected,
      },
      blobs: {
        put: rejected, get: rejected, open: rejected, live: () => LIVE_BLOB, list: rejected, has: rejected, ref: rejected, tryPut: rejected, tryGet: rejected,
      },
      cache: { stats: rejected, subscribe: () => nothing, visible: () => nothing, prefetch: rejected, evict: rejected, clear: rejected, setPriority: rejected },
      batch: (write) => runBatch({ ...deps, schema }, write),
      debug: rejected,
      on: () => nothing,
      logout: rejected,
      close: async () => undefined,
      [Symbol.asyncDispose]: async () => undefined,
    }),
  }
}

type NoRows = LiveSnapshot<never, never> & { readonly blobUrls: { readonly [rowId: string]: never } }

const LOADING: NoRows = Object.freeze({ data: Object.freeze([]), blobUrls: Object.freeze({}), isLoading: true, error: undefined })
const LOADING_QUERY: LiveQuery<never, never> & { getSnapshot(): NoRows } = Object.freeze({ getSnapshot: () => LOADING, subscribe: () => nothing })
const LIVE_BLOB: LiveBlob = Object.freeze({ getSnapshot: () => LOADING_BLOB, subscribe: () => nothing, retry: nothing })

function nothing(): void {
  // There is nothing to take back.
}

function initialStatus(): SyncStatus {
  return INITIAL_STATUS
}

function rejected(): Promise<never> {
  return Promise.reject(noStorage())
}

function refuse(): never {
  throw noStorage()
}

function noStorage(): BseError {
  const message = 'core: this engine is inert: a server has no IndexedDB, and no state store was given'
  return new BseError('CONFIG_INVALID', message, { option: 'state' })
}
