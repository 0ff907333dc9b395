import type { Priority } from './cache/catalog.ts'
import type { CacheKeeper, EvictedItem } from './cache/keeper.ts'
import { prefetchBlob, PREFETCH_AT_ONCE, type PrefetcherDeps } from './cache/prefetcher.ts'
import { isPriority, type Priorities } from './cache/priorities.ts'
import { VisibleBlobs } from './cache/visible-blobs.ts'
import { BseError } from './errors.ts'
import type { RemoteRef } from './provider/blob-provider.ts'
import type { Logger } from './provider/context.ts'
import { hashInCell } from './schema/index.ts'
import type { PriorityTarget } from './state/keys.ts'
import type { RowStore } from './store/index.ts'
import { isBlobHash, type BlobHash } from './wire/blob-hash.ts'
import { parseBlobRef } from './wire/blob-ref.ts'
import type { Json } from './wire/json.ts'

/** Rows or blobs: the id of a row, the hash of a blob, several of either, or a query for rows. What is not there is passed over. */
export type CacheTarget = string | readonly string[] | { get(): Promise<readonly { readonly id: string }[]> }

/** Bytes on this device. */
export interface CacheStats {
  /** In bytes, without what is being written. */
  readonly used: number
  /** Bytes until the limit: `maxSize`, or what the device has room for if that is less. */
  readonly available: number
  /** Blobs on this device. */
  readonly items: number
  /** Uploads queued. */
  readonly pending: number
}

export interface PrefetchResult {
  /** Blobs that came to this device now, and those that were here before. */
  readonly fetched: number
  readonly present: number
  /** Left out because there is no room without evicting others. */
  readonly skipped: number
  /** Could not be had now: no network, or nobody has them. */
  readonly failed: number
}

export interface EvictResult {
  readonly evicted: readonly EvictedItem[]
  /** Blobs that stay: no server has them yet, or somebody reads them. */
  readonly kept: number
}

export interface CacheApi {
  stats(): Promise<CacheStats>
  /** `listener` runs when `stats` may say something else; changes of one moment are told together. Answers a function that ends it. */
  subscribe(listener: () => void): () => void
  /** Brings the blobs of these rows onto this device, a few at a time, without evicting others. @throws the signal's reason. */
  prefetch(target: CacheTarget, options?: { readonly signal?: AbortSignal }): Promise<PrefetchResult>
  /**
   * These rows came into view, or near it: their blobs are brought here in the background, before anybody asks for their URLs, unless
   * `cache.prefetch.enabled` is false. The answer is to be called when they leave the view; what is not here by then is not fetched any more.
   */
  visible(target: CacheTarget): () => void
  /** Lets go of the local bytes of these rows. Bytes that no server has stay, and so does what is being read. */
  evict(target: CacheTarget): Promise<EvictResult>
  /** Lets go of all local bytes that may go. Queued uploads keep theirs. */
  clear(): Promise<EvictResult>
  /**
   * How dear the blobs of these rows are, now and after the row gets another blob. `high` ones stay until the device itself is full and nothing
   * else is left. Durable once it resolves. @throws BseError `VALIDATION_FAILED` for anything but `high`, `normal` and `low`.
   */
  setPriority(target: CacheTarget, priority: Priority): Promise<void>
}

export interface CacheApiDeps {
  readonly ready: () => Promise<void>
  readonly keeper: CacheKeeper
  readonly priorities: Priorities
  readonly store: RowStore
  readonly tables: readonly string[]
  readonly pendingUploads: () => number
  readonly isHere: (hash: BlobHash) => Promise<boolean>
  /** Fetches without letting others go. */
  readonly open: PrefetcherDeps['open']
  readonly evict: (hash: BlobHash) => Promise<'evicted' | 'kept'>
  readonly logger: Logger
  readonly prefetchesVisible: boolean
  readonly closing: AbortSignal
}

/** What the engine needs beside the facade. */
export interface EngineCache {
  readonly api: CacheApi
  /** The network may be back. */
  retryVisible(): void
}

/** The facade behind `sync.cache`. */
export function createCacheApi(deps: CacheApiDeps): EngineCache {
  const visible = new VisibleBlobs({ prefetch: (ref, signal) => prefetchBlob(deps, ref, signal), logger: deps.logger, closing: deps.closing })
  return { api: cacheApi(deps, visible), retryVisible: () => visible.retry() }
}

function cacheApi(deps: CacheApiDeps, visible: VisibleBlobs): CacheApi {
  return {
    stats: async () => {
      await deps.ready()
      return { ...(await deps.keeper.room()), pending: deps.pendingUploads() }
    },
    subscribe: (listener) => deps.keeper.onChange(listener),
    visible: (target) => (deps.prefetchesVisible ? showVisible(deps, visible, target) : () => undefined),
    prefetch: (target, { signal } = {}) => prefetch(deps, target, signal === undefined ? deps.closing : AbortSignal.any([signal, deps.closing])),
    evict: async (target) => evictAll(deps, (await resolved(deps, target)).refs.map(({ hash }) => hash)),
    clear: async () => {
      await deps.ready()
      return evictAll(deps, await deps.keeper.hashes())
    },
    setPriority: async (target, priority) => {
      if (!isPriority(priority)) {
        const issue = { column: 'priority', rule: 'type', message: "'high', 'normal' or 'low'" } as const
        throw new BseError('VALIDATION_FAILED', 'core.cache.setPriority: not a priority', { issues: [issue] })
      }
      const { targets, refs } = await resolved(deps, target)
      await deps.priorities.say(targets, priority)
      deps.keeper.priorityChanged(refs.map(({ hash }) => hash))
    },
  }
}

interface Resolved {
  readonly targets: readonly PriorityTarget[]
  /** Each blob once. */
  readonly refs: readonly RemoteRef[]
}

async function resolved(deps: CacheApiDeps, target: CacheTarget): Promise<Resolved> {
  await deps.ready()
  const ids = typeof target === 'string' ? [target] : 'get' in target ? (await target.get()).map(({ id }) => id) : target
  const targets: PriorityTarget[] = []
  const refs = new Map<BlobHash, RemoteRef>()
  for (const id of ids) {
    if (isBlobHash(id)) {
      targets.push({ hash: id })
      refs.set(id, refOf(deps, id))
      continue
    }
    for (const table of deps.tables) {
      const row = deps.store.wire(table, id)
      if (row === undefined) continue
      targets.push({ table, id })
      for (const ref of Object.values(row).flatMap(refsInCell)) refs.set(ref.hash, ref)
    }
  }
  return { targets, refs: [...refs.values()] }
}

/** As a row names it, so that its size is known. */
function refOf({ store }: CacheApiDeps, hash: BlobHash): RemoteRef {
  for (const { table, id, column } of store.rowsOf(hash)) {
    const ref = parseBlobRef(store.wire(table, id)?.[column])
    if (ref !== undefined) return ref
  }
  return { hash, sizeBytes: undefined, type: '' }
}

/** Bytes that have no hash yet are here and nowhere else. */
function refsInCell(value: Json): readonly RemoteRef[] {
  const ref = parseBlobRef(value)
  if (ref !== undefined) return [ref]
  const hash = hashInCell(value)
  return isBlobHash(hash) ? [{ hash, sizeBytes: undefined, type: '' }] : []
}

/** Rows are looked up in a moment; those that left by then were never in view. */
function showVisible(deps: CacheApiDeps, visible: VisibleBlobs, target: CacheTarget): () => void {
  let hasLeft = false
  let leave = (): void => undefined
  resolved(deps, target).then(({ refs }) => {
    if (!hasLeft) leave = visible.show(refs)
  }, (error: unknown) => {
    if (!deps.closing.aborted) deps.logger.info('could not look up what is in view', { error: String(error) })
  })
  return () => {
    hasLeft = true
    leave()
  }
}

async function prefetch(deps: CacheApiDeps, target: CacheTarget, signal: AbortSignal): Promise<PrefetchResult> {
  const { refs } = await resolved(deps, target)
  const waiting = [...refs]
  const result = { fetched: 0, present: 0, skipped: 0, failed: 0 }
  const worker = async (): Promise<void> => {
    for (let ref = waiting.shift(); ref !== undefined; ref = waiting.shift()) {
      signal.throwIfAborted()
      result[await prefetchBlob(deps, ref, signal)] += 1
    }
  }
  await Promise.all(Array.from({ length: PREFETCH_AT_ONCE }, worker))
  return result
}

async function evictAll(deps: CacheApiDeps, hashes: readonly BlobHash[]): Promise<EvictResult> {
  const evicted: EvictedItem[] = []
  let kept = 0
  for (const hash of hashes) {
    const size = deps.keeper.sizeOf(hash)
    if (size === undefined && !(await deps.isHere(hash))) continue
    if ((await deps.evict(hash)) === 'evicted') evicted.push({ id: hash, size: size ?? 0 })
    else kept += 1
  }
  return { evicted, kept }
}
