import type { CacheManager } from '../cache/manager.ts'
import { BseError } from '../errors.ts'
import { afterAdoption } from '../ledger/adoption.ts'
import { canSend, remoteOf, storedSomewhere, withCheckpoint, withRemote } from '../ledger/entry.ts'
import type { References } from '../ledger/ledger.ts'
import { ledgerOps } from '../ledger/records.ts'
import type { LedgerEntry } from '../model/ledger-entry.ts'
import { isPaused } from '../model/paused.ts'
import type { BlobProvider, UploadProgress } from '../provider/blob-provider.ts'
import type { Logger } from '../provider/context.ts'
import type { Clock } from '../provider/environment.ts'
import type { UpdateOptions } from '../provider/state-store.ts'
import { ledgerKey, PAUSED_KEY } from '../state/keys.ts'
import { readLedgerEntry, readPaused } from '../state/records.ts'
import type { LeaderState } from '../state/leader-state.ts'
import type { BlobHash } from '../wire/blob-hash.ts'
import type { Json } from '../wire/json.ts'
import { waitMs, type BackoffOptions } from './backoff.ts'
import { blameOf, type Blame } from './failure.ts'
import type { HostPause } from './host-pause.ts'

export interface UploadDeps {
  readonly leader: LeaderState
  readonly provider: BlobProvider
  readonly remoteId: string
  readonly cache: CacheManager
  /** Of the provider's host. */
  readonly pause: HostPause
  readonly references: References
  readonly clock: Clock
  readonly random: () => number
  readonly logger: Logger
  readonly backoff: BackoffOptions
  readonly maxAttempts: number
  /** Whether a try goes on where the last one was cut. */
  readonly resumes: boolean
  readonly onProgress: (hash: BlobHash, progress: UploadProgress) => void
  readonly onOutcome: (hash: BlobHash, outcome: UploadEnd) => void
}

export type UploadEnd =
  | { readonly is: 'stored' }
  | { readonly is: 'later'; readonly error: unknown }
  | { readonly is: 'parked'; readonly error: unknown }

/** One try of one blob, from `owed` to `stored`, `owed` again, or `parked`. Throws only when state fails or the lead is lost. */
export async function uploadBlob(deps: UploadDeps, seen: LedgerEntry, signal: AbortSignal): Promise<void> {
  const { hash } = seen
  const [started] = await beginUploads(deps, [hash])
  if (started === undefined) return
  const pin = await deps.cache.borrow(hash, signal)
  const begun = deps.pause.begin()
  try {
    await send(deps, started, signal)
    deps.pause.answered()
    await commit(deps, hash, (entry) => afterAck(deps, entry))
    deps.onOutcome(hash, { is: 'stored' })
  } catch (error) {
    if (signal.aborted) return
    deps.pause.failed(begun, error)
    await fail(deps, hash, error)
  } finally {
    pin.release()
  }
}

/** Those of which a try begins: still owed and here, and held back by nobody in the meantime, whatever our picture says. */
export function beginUploads(deps: UploadDeps, hashes: readonly BlobHash[]): Promise<readonly LedgerEntry[]> {
  return deps.leader.update([PAUSED_KEY, ...hashes.map(ledgerKey)], (get) => {
    const paused = readPaused(get(PAUSED_KEY))
    const started = hashes.flatMap((hash) => {
      const entry = readLedgerEntry(get(ledgerKey(hash)))
      if (entry === undefined || isPaused(paused, hash) || remoteOf(entry, deps.remoteId).state !== 'owed' || !canSend(entry)) return []
      return withRemote(entry, deps.remoteId, 'start', isReferenced(deps, hash), { epoch: deps.leader.epoch })
    })
    return { ops: started.flatMap(ledgerOps), result: started }
  }, RELAXED)
}

/** The record of bytes that the remote has acknowledged. */
export function afterAck(deps: UploadDeps, entry: LedgerEntry): LedgerEntry {
  const referenced = isReferenced(deps, entry.hash)
  return afterAdoption(withRemote(entry, deps.remoteId, 'ack', referenced), referenced)
}

async function send(deps: UploadDeps, entry: LedgerEntry, signal: AbortSignal): Promise<void> {
  const { hash, sizeBytes, type } = entry
  const { provider, remoteId, onProgress } = deps
  const before = remoteOf(entry, remoteId)
  // An earlier try may have arrived although its answer did not: asking costs less than sending again.
  if (before.failures > 0 || before.checkpoint !== undefined) {
    const [stat] = await provider.stat([hash], { signal })
    if (stat?.is === 'stored') return
  }
  const blob = await bytesOf(deps, entry, signal)
  if (blob === undefined) throw new BseError('BLOB_MISSING', 'upload: the bytes are not on this device', { hashes: [hash] })
  if (!deps.resumes && before.checkpoint !== undefined) await provider.abandon(before.checkpoint, { signal })
  await provider.upload({ hash, sizeBytes, type, blob }, {
    checkpoint: deps.resumes ? before.checkpoint : undefined,
    saveCheckpoint: (next) => saveCheckpoint(deps, hash, next),
    onProgress: (progress) => onProgress(hash, progress),
    signal,
  })
}

/** Verified again. A mirror may want bytes that this device has dropped: then another remote has them. */
export async function bytesOf(deps: UploadDeps, entry: LedgerEntry, signal: AbortSignal): Promise<Blob | undefined> {
  const { hash, sizeBytes, type } = entry
  const here = await deps.cache.local(hash, { again: true })
  return here ?? (storedSomewhere(entry) ? deps.cache.open({ hash, sizeBytes, type }, signal) : undefined)
}

async function saveCheckpoint(deps: UploadDeps, hash: BlobHash, next: Json): Promise<void> {
  await commit(deps, hash, (entry) => withCheckpoint(entry, deps.remoteId, next))
}

async function fail(deps: UploadDeps, hash: BlobHash, error: unknown): Promise<void> {
  const blame = blameOf(error)
  const after = await commit(deps, hash, (entry) => afterFailure(deps, entry, blame))
  deps.onOutcome(hash, endOf(deps, after, error))
}

/** The record behind a try that failed. One that was cancelled in the meantime stays: what the try left is freed by the one who cancels. */
export function afterFailure(deps: UploadDeps, entry: LedgerEntry, blame: Blame): LedgerEntry {
  const { attempts, failures, state } = remoteOf(entry, deps.remoteId)
  if (state !== 'uploading') return entry
  const last = blame.item && attempts + 1 >= deps.maxAttempts
  return withRemote(entry, deps.remoteId, last ? 'failFinal' : 'failRetryable', isReferenced(deps, entry.hash), {
    countsAttempt: blame.item,
    nextAtMs: deps.clock.nowMs() + waitMs(failures + 1, blame.retryAfterMs, deps.backoff, deps.random()),
    reason: { code: blame.code, message: blame.message },
  })
}

export function endOf(deps: UploadDeps, after: LedgerEntry | undefined, error: unknown): UploadEnd {
  const parked = after !== undefined && remoteOf(after, deps.remoteId).state === 'parked'
  return { is: parked ? 'parked' : 'later', error }
}

/** Frees what a cancelled upload holds at the remote. Trouble there is tried again at the next start. */
export async function abandonUpload(deps: UploadDeps, hash: BlobHash, checkpoint: Json | undefined, signal: AbortSignal): Promise<void> {
  if (checkpoint !== undefined) {
    try {
      await deps.provider.abandon(checkpoint, { signal })
    } catch (error) {
      if (signal.aborted) return
      deps.logger.info('could not free a cancelled upload yet', { hash, error: String(error) })
      return
    }
  }
  await commit(deps, hash, (entry) => withRemote(entry, deps.remoteId, 'abandoned', isReferenced(deps, hash)))
}

export const RELAXED: UpdateOptions = { durability: 'relaxed' }

/** Bookkeeping may be relaxed: a belief that a power cut takes back is learnt again from the remote. */
function commit(deps: UploadDeps, hash: BlobHash, change: (entry: LedgerEntry) => LedgerEntry): Promise<LedgerEntry | undefined> {
  const key = ledgerKey(hash)
  return deps.leader.update<LedgerEntry | undefined>([key], (get) => {
    const before = readLedgerEntry(get(key))
    if (before === undefined) return { ops: [], result: undefined }
    const after = change(before)
    return { ops: after === before ? [] : ledgerOps(after), result: after }
  }, RELAXED)
}

export function isReferenced(deps: UploadDeps, hash: BlobHash): boolean {
  return deps.references.count(hash) > 0
}
