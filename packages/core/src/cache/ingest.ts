import { BseError } from '../errors.ts'
import type { HeldLock } from '../provider/environment.ts'
import type { CacheStore, StagedBytes } from '../provider/cache-store.ts'
import type { StateStore } from '../provider/state-store.ts'
import { withLocal } from '../ledger/entry.ts'
import { changeEntry, type References } from '../ledger/ledger.ts'
import { hashBlob } from '../hash/index.ts'
import type { BlobHash } from '../wire/blob-hash.ts'
import type { BlobLocks } from './locks.ts'
import { withRoom, type RoomDeps } from './with-room.ts'

/** Bytes that are on this device, waiting for the commit that owns them. */
export interface Ingested {
  readonly hash: BlobHash
  readonly sizeBytes: number
  readonly type: string
  /** Small bytes ride inside the commit itself. */
  readonly inlineBytes: Uint8Array | undefined
}

export interface IngestResult {
  /** In the order of the sources. */
  readonly blobs: readonly Ingested[]
  /**
   * Puts the bytes under their hashes and holds the locks of those from then on. Call it when nothing but the commit is left to
   * wait for: another write may wait for the same locks, and this one must not be waiting for that write.
   */
  publish(): Promise<void>
  /** Gives the locks back. Call it after the commit. */
  release(): void
  /**
   * Call it instead of the commit: gives the locks back and drops what was staged. What cannot be dropped now is swept by a later
   * start; what was published already is the caller's to reclaim.
   */
  drop(): Promise<void>
}

export interface IngestDeps extends RoomDeps {
  readonly store: CacheStore
  readonly state: StateStore
  readonly locks: BlobLocks
  readonly references: References
  readonly inlineMaxBytes: number
  readonly tabId: string
  /** Resolves when this tab has its record: what a tab stages without one is never swept after its death. */
  readonly registered: () => Promise<unknown>
}

type Prepared =
  | { readonly is: 'inline'; readonly hash: BlobHash; readonly type: string; readonly bytes: Uint8Array }
  | { readonly is: 'staged'; readonly staged: StagedBytes; readonly type: string }

/** A thousand files of one batch are not all open at once. */
const STAGED_AT_ONCE = 4

/** Brings the bytes of one write onto this device, some side by side; they get their names with `publish`. */
export async function ingest(deps: IngestDeps, sources: readonly Blob[], signal: AbortSignal): Promise<IngestResult> {
  const settled = await prepareAll(deps, sources, signal)
  const prepared: Prepared[] = []
  for (const result of settled) if (result.status === 'fulfilled') prepared.push(result.value)
  const failed = settled.find((result) => result.status === 'rejected')
  if (failed !== undefined) {
    await discardAll(deps, prepared)
    throw failed.reason
  }
  const held: HeldLock[] = []
  const release = (): void => held.splice(0).forEach((lock) => lock.release())
  return {
    blobs: prepared.map(toIngested),
    publish: () => publishAll(deps, prepared, held, signal),
    release,
    drop: async () => {
      release()
      await Promise.allSettled([discardAll(deps, prepared)])
    },
  }
}

/** In the order of the sources. After one has failed no other is begun: the write is taken back anyway. */
async function prepareAll(deps: IngestDeps, sources: readonly Blob[], signal: AbortSignal): Promise<readonly PromiseSettledResult<Prepared>[]> {
  const results: PromiseSettledResult<Prepared>[] = []
  const waiting = sources.entries()
  let hasFailed = false
  const work = async (): Promise<void> => {
    for (const [index, source] of waiting) {
      if (hasFailed) return
      const [result] = await Promise.allSettled([prepare(deps, source, signal)])
      results[index] = result
      hasFailed ||= result.status === 'rejected'
    }
  }
  await Promise.all(Array.from({ length: Math.min(STAGED_AT_ONCE, sources.length) }, work))
  // Those that were not begun leave holes.
  return results.filter((result) => result !== undefined)
}

async function prepare(deps: IngestDeps, source: Blob, signal: AbortSignal): Promise<Prepared> {
  if (source.size > deps.inlineMaxBytes) {
    await deps.registered()
    return { is: 'staged', staged: await withRoom(deps, source.size, () => deps.store.stage(source, { owner: deps.tabId, signal })), type: source.type }
  }
  const bytes = new Uint8Array(await source.arrayBuffer())
  signal.throwIfAborted()
  return { is: 'inline', hash: await hashBlob(new Blob([bytes])), type: source.type, bytes }
}

/** Hash by hash in one order, so that two writes with the same blobs cannot wait for each other in a circle. */
async function publishAll(deps: IngestDeps, prepared: readonly Prepared[], held: HeldLock[], signal: AbortSignal): Promise<void> {
  signal.throwIfAborted()
  const staged = prepared.filter((one) => one.is === 'staged').sort((a, b) => (a.staged.hash < b.staged.hash ? -1 : 1))
  let previous: BlobHash | undefined
  for (const one of staged) {
    if (one.staged.hash !== previous) held.push(await deps.locks.change(one.staged.hash, signal))
    previous = one.staged.hash
    await publishRecorded(deps, one.staged, one.type)
  }
}

/**
 * The record of the staging comes before `publish`: a crash in between leaves something that start-up finds without listing.
 * The caller holds the change lock of the hash.
 */
export async function publishRecorded(deps: IngestDeps, staged: StagedBytes, type: string): Promise<void> {
  const referenced = deps.references.count(staged.hash) > 0
  await removeWrongBytes(deps, staged.hash)
  await changeEntry(deps.state, { hash: staged.hash, sizeBytes: staged.sizeBytes, type }, (entry) => {
    const next = withLocal(entry, 'staged', referenced)
    return next.local === 'staged' ? { ...next, stageId: staged.stageId } : next
  }, { durability: 'relaxed' })
  await deps.store.publish(staged)
}

/**
 * A file may be under this name already: of the same bytes brought in twice, or left from before the records were wiped. `publish` would keep it and
 * drop the good copy, so it stays only where its bytes are what the name says.
 */
async function removeWrongBytes({ store }: IngestDeps, hash: BlobHash): Promise<void> {
  const there = await store.get(hash)
  if (there === undefined || (await isUnharmed(there, hash))) return
  if ((await store.delete(hash)) !== 'busy') return
  throw new BseError('STORAGE_FAILED', 'cache.publish: other bytes are under this name, and somebody reads them', { store: store.name })
}

async function isUnharmed(blob: Blob, hash: BlobHash): Promise<boolean> {
  try {
    return (await hashBlob(blob)) === hash
  } catch {
    // What cannot be read is no reason to drop a copy that can.
    return false
  }
}

async function discardAll(deps: IngestDeps, prepared: readonly Prepared[]): Promise<void> {
  const staged = prepared.filter((one) => one.is === 'staged')
  await Promise.all(staged.map((one) => deps.store.discard(one.staged.stageId)))
}

function toIngested(one: Prepared): Ingested {
  return one.is === 'inline'
    ? { hash: one.hash, sizeBytes: one.bytes.byteLength, type: one.type, inlineBytes: one.bytes }
    : { hash: one.staged.hash, sizeBytes: one.staged.sizeBytes, type: one.type, inlineBytes: undefined }
}
