import { BseError, type ByteRange } from '@bse/core/provider'
import type { BlobHash } from '@bse/core/wire'
import type { Connection } from './connection.ts'
import type { BlobRecord, CacheDatabase } from './database.ts'

/** What is read at once of a blob that is wanted whole. */
const BATCH_CHUNKS = 8

/**
 * A Blob cannot be read lazily out of IndexedDB: all chunks are read. Each batch becomes a Blob at once, which browsers keep
 * outside of the page's memory. Chunks that are missing make the whole absent.
 */
export async function readBlob(connection: Connection, hash: BlobHash): Promise<Blob | undefined> {
  const found = await connection.read('get', (db) => readBeginning(db, hash))
  if (found === undefined) return undefined
  const { record, chunks } = found
  const parts = [new Blob(chunks)]
  for (let index = BATCH_CHUNKS; index * record.chunkBytes < record.sizeBytes; index += BATCH_CHUNKS) {
    parts.push(new Blob(await connection.read('get', (db) => db.getAll('chunks', batchFrom(record, index)))))
  }
  const blob = new Blob(parts)
  return blob.size === record.sizeBytes ? blob : undefined
}

async function readBeginning(db: CacheDatabase, hash: BlobHash): Promise<{ readonly record: BlobRecord; readonly chunks: ArrayBuffer[] } | undefined> {
  const tx = db.transaction(['blobs', 'chunks'])
  const [found] = await Promise.all([readBoth(), tx.done])
  return found

  async function readBoth(): Promise<{ record: BlobRecord; chunks: ArrayBuffer[] } | undefined> {
    const record = await tx.objectStore('blobs').get(hash)
    if (record === undefined) return undefined
    return { record, chunks: await tx.objectStore('chunks').getAll(batchFrom(record, 0)) }
  }
}

function batchFrom({ stageId }: BlobRecord, index: number): IDBKeyRange {
  return IDBKeyRange.bound([stageId, index], [stageId, index + BATCH_CHUNKS], false, true)
}

/** Reads the chunks that the range needs, one by one as they are asked for. @throws BseError `RANGE_INVALID`. */
export async function readRange(connection: Connection, hash: BlobHash, range: ByteRange): Promise<ReadableStream<Uint8Array> | undefined> {
  const record = await connection.read('read', (db) => db.get('blobs', hash))
  if (record === undefined) return undefined
  const { start, end = record.sizeBytes } = range
  const isInside = Number.isSafeInteger(start) && Number.isSafeInteger(end) && start >= 0 && start <= end && end <= record.sizeBytes
  if (!isInside) throw new BseError('RANGE_INVALID', 'cache-idb.read: the range is not inside the blob', { sizeBytes: record.sizeBytes })
  let at = start
  return new ReadableStream<Uint8Array>({
    async pull(controller) {
      if (at < end) {
        const part = await readPart(connection, hash, record, at, end)
        at += part.byteLength
        controller.enqueue(part)
      }
      if (at >= end) controller.close()
    },
  }, { highWaterMark: 0 })
}

/** From `at` to the end of its chunk, or of the range. */
async function readPart(connection: Connection, hash: BlobHash, record: BlobRecord, at: number, end: number): Promise<Uint8Array> {
  const index = Math.floor(at / record.chunkBytes)
  const chunk = await connection.read('read', (db) => db.get('chunks', [record.stageId, index]))
  const from = at - index * record.chunkBytes
  if (chunk === undefined || chunk.byteLength <= from) {
    throw new BseError('NOT_FOUND', 'cache-idb.read: the blob was deleted while it was read', { what: 'blob', id: hash })
  }
  return new Uint8Array(chunk).subarray(from, from + end - at)
}
