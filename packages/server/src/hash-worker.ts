import { parentPort, workerData } from 'node:worker_threads'
import { fsCache } from '@bse/cache-fs'
import type { CacheStore } from '@bse/core/provider'
import { BseError, errorToWire, type BlobHash } from '@bse/core/wire'
import type { PutResult } from './blob-storage.ts'
import type { FromHashWorker, HashWorkerData, ToHashWorker } from './hash-worker-protocol.ts'

/** Hashes and writes the bodies of uploads, so that the thread that answers requests does neither. */
const port = parentPort
const openSpace = fsCache({ directory: (workerData as HashWorkerData).directory })
const stores = new Map<string, CacheStore>()
const bodies = new Map<number, ReadableStreamDefaultController<Uint8Array>>()

/** Blocks that may wait here for each upload while the disk is busy. */
const READ_AHEAD = 4

function say(message: FromHashWorker): void {
  port?.postMessage(message)
}

function storeOf(space: string): CacheStore {
  const open = stores.get(space) ?? openSpace(space)
  stores.set(space, open)
  return open
}

function bodyOf(id: number): ReadableStream<Uint8Array> {
  return new ReadableStream<Uint8Array>(
    {
      start: (controller) => void bodies.set(id, controller),
      pull: () => say({ say: 'wants', id }),
      cancel: () => void bodies.delete(id),
    },
    { highWaterMark: READ_AHEAD },
  )
}

async function store(space: string, hash: BlobHash, body: ReadableStream<Uint8Array>): Promise<PutResult> {
  const staged = await storeOf(space).stage(body, { expect: hash })
  const outcome = await storeOf(space).publish(staged)
  return { outcome: outcome === 'published' ? 'stored' : 'already-present', sizeBytes: staged.sizeBytes }
}

async function begin(id: number, space: string, hash: BlobHash): Promise<void> {
  try {
    say({ say: 'done', id, result: await store(space, hash, bodyOf(id)) })
  } catch (error) {
    say({ say: 'failed', id, error: errorToWire(error, 'fs') })
  } finally {
    bodies.delete(id)
  }
}

port?.on('message', (message: ToHashWorker) => {
  if (message.say === 'begin') return void begin(message.id, message.space, message.hash)
  const body = bodies.get(message.id)
  if (message.say === 'block') body?.enqueue(new Uint8Array(message.bytes))
  else if (message.say === 'end') body?.close()
  else body?.error(new BseError('NETWORK', 'hash-worker: the body broke', { status: undefined }))
})
