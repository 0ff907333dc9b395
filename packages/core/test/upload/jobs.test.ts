import { describe, expect, it } from 'vitest'
import { newLedgerEntry, UNKNOWN_REMOTE, type LedgerEntry } from '../../src/model/ledger-entry.ts'
import { intoJobs } from '../../src/upload/jobs.ts'
import { blobHashFromHex, type Json } from '../../src/wire/index.ts'

function entry(index: number, sizeBytes: number, checkpoint?: Json): LedgerEntry {
  const hash = blobHashFromHex(String(index).padStart(64, '0'))
  return { ...newLedgerEntry(hash, sizeBytes, ''), local: 'present', remotes: { r: { ...UNKNOWN_REMOTE, state: 'owed', checkpoint } } }
}

const upload = async (): Promise<readonly never[]> => []
const sizes = (due: readonly LedgerEntry[], batch?: Parameters<typeof intoJobs>[2]): readonly (readonly number[])[] =>
  intoJobs(due, 'r', batch).map((job) => job.map(({ sizeBytes }) => sizeBytes))

describe('jobs', () => {
  it('are single blobs where the store has no batches', () => {
    expect(sizes([entry(1, 1), entry(2, 2)])).toEqual([[1], [2]])
  })

  it('gather small blobs up to what a batch takes, and leave large ones alone', () => {
    const batch = { maxBlobBytes: 100, maxCount: 3, maxTotalBytes: 150, upload }
    expect(sizes([1, 2, 3, 4, 100, 60, 101].map((size, index) => entry(index, size)), batch)).toEqual([[1, 2, 3], [4, 100], [60], [101]])
  })

  it('leave alone what has begun on its own', () => {
    const batch = { maxBlobBytes: 100, maxCount: 3, maxTotalBytes: 150, upload }
    expect(sizes([entry(1, 1), entry(2, 2, { url: 'x' }), entry(3, 3)], batch)).toEqual([[1, 3], [2]])
  })
})
