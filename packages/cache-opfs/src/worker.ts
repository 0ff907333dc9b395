// The worker of `opfsCache`: it owns the sync access handles, hashes and writes. Exported as `@bse/cache-opfs/worker`.
import { isBseError } from '@bse/core/provider'
import { errorToWire } from '@bse/core/wire'
import { Folders } from './folders.ts'
import type { FileHandle } from './opfs-types.ts'
import { PieceQueue } from './piece-queue.ts'
import { stageFile, writeAll, writeBlob } from './stage-file.ts'
import { Turns } from './turns.ts'
import type { FromWorker, ToWorker } from './worker-protocol.ts'

type StageMessage = Extract<ToWorker, { readonly is: 'stage' }>

interface Job {
  readonly pieces: PieceQueue
  readonly controller: AbortController
}

/** Blobs that are in memory at a time: the next is read while one is hashed. */
const blobTurns = new Turns(2)
const jobs = new Map<number, Job>()
let folders: Folders | undefined

addEventListener('message', ({ data }: MessageEvent<ToWorker>) => {
  if (data.is === 'hello') return greet(data.lifeLock, data.path)
  if (data.is === 'stage') return void stage(data)
  const job = jobs.get(data.call)
  if (data.is === 'piece') job?.pieces.push(data.bytes)
  else if (data.is === 'end') job?.pieces.end()
  else job?.controller.abort()
})

function post(message: FromWorker): void {
  postMessage(message)
}

function greet(lifeLock: string, path: readonly string[]): void {
  folders = new Folders(path)
  const prototype = (globalThis as { FileSystemFileHandle?: { prototype: FileHandle } }).FileSystemFileHandle?.prototype
  if (prototype?.createSyncAccessHandle === undefined) return post({ is: 'unsupported' })
  void navigator.locks.request(lifeLock, () => {
    post({ is: 'ready' })
    return new Promise(() => undefined)
  })
}

async function stage(message: StageMessage): Promise<void> {
  const { call } = message
  const job: Job = { pieces: new PieceQueue(), controller: new AbortController() }
  jobs.set(call, job)
  try {
    const written = await write(message, job)
    post({ is: 'staged', call, ...written })
  } catch (error) {
    post(failure(call, error, job.controller.signal))
  } finally {
    jobs.delete(call)
  }
}

async function write({ call, stageId, expect, blob }: StageMessage, { pieces, controller: { signal } }: Job) {
  if (folders === undefined) throw new Error('a stage before hello')
  const into = folders
  if (blob === undefined) {
    const onTaken = (): void => post({ is: 'more', call })
    return stageFile(into, stageId, expect, (access) => writeAll(access, pieces.take(onTaken, signal), undefined))
  }
  return blobTurns.take(() => stageFile(into, stageId, expect, (access) => writeBlob(access, blob, signal)), signal)
}

function failure(call: number, error: unknown, signal: AbortSignal): FromWorker {
  if (signal.aborted) return { is: 'aborted', call }
  if (isBseError(error)) return { is: 'failed', call, error: errorToWire(error, 'opfs') }
  const { name, message } = error instanceof Error ? error : new Error(String(error))
  return { is: 'unreadable', call, name, message }
}
