import { Worker } from 'node:worker_threads'
import { BseError } from '@bse/core/wire'
import type { BlobKey, PutResult } from './blob-storage.ts'
import type { FromHashWorker, HashWorkerData, ToHashWorker } from './hash-worker-protocol.ts'
import { UploadJob, workerFailed } from './upload-job.ts'

/** Sockets hand out 64 KiB at most; a message each would cost more than the bytes. */
const BLOCK_BYTES = 262_144

/** A worker thread that stores uploads, as many at a time as come. */
export class UploadWorker {
  readonly #worker: Worker
  readonly #jobs = new Map<number, UploadJob>()
  #nextId = 0

  /** `onExit` tells the owner that this worker takes nothing more. */
  constructor(directory: string, onExit: () => void) {
    this.#worker = new Worker(new URL('./hash-worker.ts', import.meta.url), { workerData: { directory } satisfies HashWorkerData })
    this.#worker.unref()
    this.#worker.on('message', (message: FromHashWorker) => this.#jobs.get(message.id)?.hear(message))
    this.#worker.on('error', (cause) => this.#dropAll(workerFailed(cause)))
    this.#worker.on('exit', () => {
      this.#dropAll(workerFailed())
      onExit()
    })
  }

  get running(): number {
    return this.#jobs.size
  }

  /** @throws as `BlobStorage.put`. */
  async put(key: BlobKey, body: ReadableStream<Uint8Array>): Promise<PutResult> {
    const id = this.#nextId++
    const job = new UploadJob()
    this.#jobs.set(id, job)
    const reader = body.getReader()
    try {
      this.#say({ say: 'begin', id, space: key.space, hash: key.hash })
      await this.#sendAll(id, job, reader)
      return await job.result
    } catch (error) {
      this.#say({ say: 'fail', id })
      await job.result.catch(() => undefined)
      await reader.cancel(error).catch(() => undefined)
      throw error
    } finally {
      this.#jobs.delete(id)
    }
  }

  async close(): Promise<void> {
    this.#dropAll(new BseError('CLOSED', 'server: the store is closed', { what: 'store' }))
    await this.#worker.terminate()
  }

  async #sendAll(id: number, job: UploadJob, reader: ReadableStreamDefaultReader<Uint8Array>): Promise<void> {
    while (await job.mayContinue()) {
      // A body may stand still for as long as its client likes: a worker that gave up must be heard meanwhile.
      const bytes = await Promise.race([nextBlock(reader), job.result.then(() => undefined)])
      if (bytes === undefined) return this.#say({ say: 'end', id })
      this.#say({ say: 'block', id, bytes }, [bytes])
    }
  }

  #say(message: ToHashWorker, transfer: ArrayBuffer[] = []): void {
    this.#worker.postMessage(message, transfer)
  }

  #dropAll(error: BseError): void {
    for (const job of this.#jobs.values()) job.drop(error)
  }
}

/** At least `BLOCK_BYTES` in a buffer of its own, less only at the end; `undefined` when there is nothing left. */
async function nextBlock(reader: ReadableStreamDefaultReader<Uint8Array>): Promise<ArrayBuffer | undefined> {
  const chunks: Uint8Array[] = []
  let sizeBytes = 0
  while (sizeBytes < BLOCK_BYTES) {
    const next = await reader.read()
    if (next.done) break
    chunks.push(next.value)
    sizeBytes += next.value.byteLength
  }
  if (sizeBytes === 0) return undefined
  const block = new Uint8Array(sizeBytes)
  let filled = 0
  for (const chunk of chunks) {
    block.set(chunk, filled)
    filled += chunk.byteLength
  }
  return block.buffer
}
