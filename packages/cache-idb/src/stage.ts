import { BseError, type StagedBytes } from '@bse/core/provider'
import type { BlobHash } from '@bse/core/wire'
import { windowsOf } from './chunks.ts'
import type { Commits } from './commits.ts'
import { dropStage, writeWindow } from './jobs.ts'
import { WindowHasher } from './window-hasher.ts'

export interface StageRequest {
  readonly stageId: string
  readonly source: Blob | ReadableStream<Uint8Array>
  readonly expect: BlobHash | undefined
  readonly signal: AbortSignal
}

/** Hashes and writes in one pass: while a window is being committed the next one is read. After a rejection nothing is left. */
export async function stageBytes(commits: Commits, request: StageRequest): Promise<StagedBytes> {
  let writing: Promise<void> = Promise.resolve()
  try {
    const hasher = new WindowHasher()
    let [sizeBytes, firstIndex] = [0, 0]
    for await (const window of windowsOf(request.source, request.signal)) {
      const { chunks } = window
      const hash = await hasher.add(window)
      sizeBytes += chunks.reduce((sum, chunk) => sum + chunk.byteLength, 0)
      await writing
      const written = hash === undefined ? undefined : { hash: expected(hash, request.expect), sizeBytes }
      request.signal.throwIfAborted()
      writing = commits.add(writeWindow({ stageId: request.stageId, chunks, firstIndex, written }))
      writing.catch(() => undefined) // heard at the next turn
      firstIndex += chunks.length
      if (written === undefined) continue
      await writing
      request.signal.throwIfAborted()
      return { stageId: request.stageId, ...written }
    }
    throw new Error('the last window never came')
  } catch (error) {
    await writing.catch(() => undefined)
    await removeStage(commits, request.stageId)
    throw error
  }
}

/** The error that stopped the stage is the one that counts: what cannot be removed now is left to the next sweep. */
async function removeStage(commits: Commits, stageId: string): Promise<void> {
  try {
    await commits.add(dropStage('stage', stageId))
  } catch {
    return
  }
}

/** @throws BseError `HASH_MISMATCH`. */
function expected(actual: BlobHash, wanted: BlobHash | undefined): BlobHash {
  if (wanted === undefined || wanted === actual) return actual
  throw new BseError('HASH_MISMATCH', 'cache-idb.stage: the bytes are not those of the expected hash', { expected: wanted, actual })
}
