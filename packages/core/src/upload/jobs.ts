import { remoteOf } from '../ledger/entry.ts'
import type { LedgerEntry } from '../model/ledger-entry.ts'
import type { BlobSink } from '../provider/blob-provider.ts'
import type { BlobHash } from '../wire/blob-hash.ts'

/** What one worker takes in hand: one blob, or several small ones that go in one request. */
export type UploadJob = readonly LedgerEntry[]

/** What somebody looks at goes first, otherwise in its order. */
export function visibleFirst(due: readonly LedgerEntry[], isVisible: (hash: BlobHash) => boolean): readonly LedgerEntry[] {
  return [...due.filter(({ hash }) => isVisible(hash)), ...due.filter(({ hash }) => !isVisible(hash))]
}

/**
 * Divides what is due into jobs, in its order. Small blobs gather in batches where the store has them; one that has begun on its
 * own, or is alone, goes on its own.
 */
export function intoJobs(due: readonly LedgerEntry[], remoteId: string, batch: BlobSink['batch']): readonly UploadJob[] {
  if (batch === undefined) return due.map((entry) => [entry])
  const jobs: LedgerEntry[][] = []
  let open: { readonly job: LedgerEntry[]; sizeBytes: number } | undefined
  for (const entry of due) {
    const fits = entry.sizeBytes <= batch.maxBlobBytes && remoteOf(entry, remoteId).checkpoint === undefined
    if (!fits) jobs.push([entry])
    else if (open !== undefined && open.job.length < batch.maxCount && open.sizeBytes + entry.sizeBytes <= batch.maxTotalBytes) {
      open.job.push(entry)
      open.sizeBytes += entry.sizeBytes
    } else {
      open = { job: [entry], sizeBytes: entry.sizeBytes }
      jobs.push(open.job)
    }
  }
  return jobs
}
