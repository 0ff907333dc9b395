import type { Priority } from './cache/catalog.ts'
import type { CacheKeeper, EvictedItem } from './cache/keeper.ts'
import { isPriority, type Priorities } from './cache/priorities.ts'
import { BseError } from './errors.ts'
import type { RemoteRef } from './provider/blob-provider.ts'
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
  /** Brings the blobs of these rows onto this device, a few at a time, without evicting others. @throws the signal's reason. */
  prefetch(target: CacheTarget, options?: { readonly signal?: AbortSignal }): Promise<PrefetchResult>
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
  readonly open: (ref: RemoteRef, signal: AbortSignal) => Promise<unknown>
  readonly evict: (hash: BlobHash) => Promise<'evicted' | 'kept'>
  readonly closing: AbortSignal
}

const PREFETCH_AT_ONCE = 4

/** The facade behind `sync.cache`. */
export function createCacheApi(deps: CacheApiDeps): CacheApi {
  return {
    stats: async () => {
      await deps.ready()
      return { ...(await deps.keeper.room()), pending: deps.pendingUploads() }
    },
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
      refs.set(id, { hash: id, sizeBytes: undefined, type: '' })
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

/** Bytes that have no hash yet are here and nowhere else. */
function refsInCell(value: Json): readonly RemoteRef[] {
  const ref = parseBlobRef(value)
  if (ref !== undefined) return [ref]
  const hash = hashInCell(value)
  return isBlobHash(hash) ? [{ hash, sizeBytes: undefined, type: '' }] : []
}

async function prefetch(deps: CacheApiDeps, target: CacheTarget, signal: AbortSignal): Promise<PrefetchResult> {
  const { refs } = await resolved(deps, target)
  const waiting = [...refs]
  const result = { fetched: 0, present: 0, skipped: 0, failed: 0 }
  const one = async (ref: RemoteRef): Promise<keyof PrefetchResult> => {
    if (await deps.isHere(ref.hash)) return 'present'
    if (!(await deps.keeper.fits(ref.sizeBytes ?? 0))) return 'skipped'
    try {
      await deps.open(ref, signal)
      return 'fetched'
    } catch {
      // Why does not matter to a prefetch, but for the caller's own end: reading the row asks again and says what is wrong.
      signal.throwIfAborted()
      return 'failed'
    }
  }
  const worker = async (): Promise<void> => {
    for (let ref = waiting.shift(); ref !== undefined; ref = waiting.shift()) {
      signal.throwIfAborted()
      result[await one(ref)] += 1
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
