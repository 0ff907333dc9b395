import { BseError, type StagedBytes } from '@bse/core/provider'
import type { BlobHash } from '@bse/core/wire'
import { CHUNK_BYTES } from './chunks.ts'
import { issue, type Job } from './commits.ts'
import type { CacheTransaction, StageRecord } from './database.ts'

export interface StageWindow {
  readonly stageId: string
  readonly chunks: readonly ArrayBuffer[]
  /** Place of the first of these chunks among all. */
  readonly firstIndex: number
  /** With the last window: what all of them come to. */
  readonly written: StageRecord['written'] | undefined
}

/** Only the last window is synced to disk: that covers the ones before it in the same database. */
export function writeWindow({ stageId, chunks, firstIndex, written }: StageWindow): Job<void> {
  return {
    operation: 'stage',
    sizeBytes: chunks.reduce((sum, chunk) => sum + chunk.byteLength, 0),
    durability: written === undefined ? 'relaxed' : 'strict',
    async run(tx) {
      const staging = tx.objectStore('staging')
      if (firstIndex > 0 && (await staging.getKey(stageId)) === undefined) {
        throw new BseError('STORAGE_FAILED', 'cache-idb.stage: what was written so far is gone', { store: 'idb' })
      }
      issue(...chunks.map((chunk, n) => tx.objectStore('chunks').put(chunk, [stageId, firstIndex + n])))
      issue(staging.put(written === undefined ? {} : { written }, stageId))
    },
  }
}

export function publishStage({ stageId, hash }: StagedBytes): Job<'published' | 'already-present'> {
  return {
    operation: 'publish',
    sizeBytes: 0,
    durability: 'strict',
    async run(tx, retried) {
      const [blobs, staging] = [tx.objectStore('blobs'), tx.objectStore('staging')]
      const [record, present] = await Promise.all([staging.get(stageId), blobs.get(hash)])
      if (record?.written?.hash !== hash) {
        if (retried && present !== undefined) return present.stageId === stageId ? 'published' : 'already-present'
        throw new BseError('NOT_FOUND', 'cache-idb.publish: nothing is staged under this id', { what: 'blob', id: stageId })
      }
      issue(staging.delete(stageId))
      if (present !== undefined) {
        deleteChunks(tx, stageId)
        return 'already-present'
      }
      issue(blobs.put({ stageId, sizeBytes: record.written.sizeBytes, chunkBytes: CHUNK_BYTES }, hash))
      return 'published'
    },
  }
}

/** Chunks go only together with the record in `staging`: without one they are published, or gone. */
export function dropStage(operation: string, stageId: string): Job<void> {
  return {
    operation,
    sizeBytes: 0,
    durability: 'relaxed',
    async run(tx) {
      const staging = tx.objectStore('staging')
      if ((await staging.getKey(stageId)) === undefined) return
      issue(staging.delete(stageId))
      deleteChunks(tx, stageId)
    },
  }
}

export function deleteBlob(hash: BlobHash): Job<'deleted' | 'absent'> {
  return {
    operation: 'delete',
    sizeBytes: 0,
    durability: 'relaxed',
    async run(tx) {
      const blobs = tx.objectStore('blobs')
      const record = await blobs.get(hash)
      if (record === undefined) return 'absent'
      issue(blobs.delete(hash))
      deleteChunks(tx, record.stageId)
      return 'deleted'
    },
  }
}

function deleteChunks(tx: CacheTransaction, stageId: string): void {
  issue(tx.objectStore('chunks').delete(IDBKeyRange.bound([stageId, 0], [stageId, Number.POSITIVE_INFINITY])))
}
