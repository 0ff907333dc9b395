import { BseError } from '../errors.ts'
import { remoteOf, withRemote } from '../ledger/entry.ts'
import { ledgerOps } from '../ledger/records.ts'
import type { LedgerEntry } from '../model/ledger-entry.ts'
import type { UploadOutcome, UploadTask } from '../provider/blob-provider.ts'
import type { StateOp } from '../provider/state-store.ts'
import { ledgerKey } from '../state/keys.ts'
import { readLedgerEntry } from '../state/records.ts'
import type { BlobHash } from '../wire/blob-hash.ts'
import { blameOf } from './failure.ts'
import type { UploadJob } from './jobs.ts'
import { afterAck, afterFailure, beginUploads, bytesOf, endOf, isReferenced, RELAXED, type UploadDeps } from './worker.ts'

/** How a try of one blob ended: without an error the store has it. */
interface Result {
  readonly hash: BlobHash
  readonly error: unknown
}

/**
 * One try of several small blobs in one request. Answers whether the store takes batches at all: a refusal of the whole says nothing about any
 * of them. Throws only when state fails or the lead is lost.
 */
export async function uploadSeveral(deps: UploadDeps, job: UploadJob, signal: AbortSignal): Promise<'taken' | 'refused'> {
  const started = await beginUploads(deps, job.map(({ hash }) => hash))
  const pins = await Promise.all(started.map(({ hash }) => deps.cache.borrow(hash, signal)))
  const trial = deps.pause.begin()
  try {
    const results = await sendAll(deps, started, signal)
    deps.pause.answered()
    await settle(deps, results)
    return 'taken'
  } catch (error) {
    if (signal.aborted) return 'taken'
    deps.pause.failed(trial, error)
    const blame = { ...blameOf(error), item: false }
    const after = await changeAll(deps, started.map(({ hash }) => hash), (entry) => afterFailure(deps, entry, blame))
    for (const entry of after) deps.onOutcome(entry.hash, endOf(deps, entry, error))
    return blameOf(error).item ? 'refused' : 'taken'
  } finally {
    for (const pin of pins) pin.release()
  }
}

/** @throws what the request as a whole failed with. */
async function sendAll(deps: UploadDeps, entries: readonly LedgerEntry[], signal: AbortSignal): Promise<readonly Result[]> {
  const stored = await storedOf(deps, entries, signal)
  const results: Result[] = [...stored].map((hash) => ({ hash, error: undefined }))
  const tasks: UploadTask[] = []
  for (const entry of entries.filter(({ hash }) => !stored.has(hash))) {
    const { hash, sizeBytes, type } = entry
    const blob = await bytesOf(deps, entry, signal)
    if (blob === undefined) results.push({ hash, error: new BseError('BLOB_MISSING', 'upload: the bytes are not on this device', { hashes: [hash] }) })
    else tasks.push({ hash, sizeBytes, type, blob })
  }
  const outcomes: readonly UploadOutcome[] = tasks.length === 0 ? [] : ((await deps.provider.batch?.upload(tasks, { signal })) ?? [])
  return [...results, ...outcomes.map((outcome) => ({ hash: outcome.hash, error: 'error' in outcome ? outcome.error : undefined }))]
}

/** Stopped by the person, before they had an answer: owed again, with what was sent. */
export async function interruptUploads(deps: UploadDeps, hashes: readonly BlobHash[]): Promise<void> {
  await changeAll(deps, hashes, (entry) => withRemote(entry, deps.remoteId, 'interrupted', isReferenced(deps, entry.hash)))
}

/** An earlier try may have arrived although its answer did not. */
async function storedOf(deps: UploadDeps, entries: readonly LedgerEntry[], signal: AbortSignal): Promise<ReadonlySet<BlobHash>> {
  const again = entries.filter((entry) => remoteOf(entry, deps.remoteId).failures > 0).map(({ hash }) => hash)
  const stats = again.length === 0 ? [] : await deps.provider.stat(again, { signal })
  return new Set(again.filter((_, index) => stats[index]?.is === 'stored'))
}

async function settle(deps: UploadDeps, results: readonly Result[]): Promise<void> {
  const errors = new Map(results.map(({ error, hash }) => [hash, error]))
  const after = await changeAll(deps, [...errors.keys()], (entry) => {
    const error = errors.get(entry.hash)
    return error === undefined ? afterAck(deps, entry) : afterFailure(deps, entry, blameOf(error))
  })
  for (const entry of after) {
    const error = errors.get(entry.hash)
    deps.onOutcome(entry.hash, error === undefined ? { is: 'stored' } : endOf(deps, entry, error))
  }
}

/** Changes several entries in one update; those that are gone are left out of the answer. */
function changeAll(deps: UploadDeps, hashes: readonly BlobHash[], change: (entry: LedgerEntry) => LedgerEntry): Promise<readonly LedgerEntry[]> {
  return deps.leader.update(hashes.map(ledgerKey), (get) => {
    const ops: StateOp[] = []
    const result = hashes.flatMap((hash) => {
      const before = readLedgerEntry(get(ledgerKey(hash)))
      const after = before === undefined ? undefined : change(before)
      if (after !== undefined && after !== before) ops.push(...ledgerOps(after))
      return after ?? []
    })
    return { ops, result }
  }, RELAXED)
}
