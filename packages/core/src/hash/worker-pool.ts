import type { BlobHash } from '../wire/blob-hash.ts'
import { hashBlobHere } from './hash-here.ts'
import { startHashWorker, WORKER_LOST, type HashWorker } from './worker-slot.ts'

export interface HashOptions {
  readonly signal?: AbortSignal | undefined
  /** Makes the worker, for pages that serve `@bse/core/hash/worker` from a place of their own. Give the same function each time. */
  readonly worker?: (() => Worker) | undefined
}

const MAX_WORKERS = 2
const IDLE_MS = 10_000

/** Workers that one factory made. They live as long as there is work, and a little longer. */
interface Pool {
  readonly idle: HashWorker[]
  readonly waiting: ((worker: HashWorker | undefined) => void)[]
  count: number
  /** A worker could not be started (offline, blocked by policy): do not try again in this session. */
  broken: boolean
}

const pools = new WeakMap<() => Worker, Pool>()
const ownWorker = (): Worker => new Worker(new URL('./worker.ts', import.meta.url), { type: 'module' })

/**
 * Hashes in one of up to two workers; in this thread where there are none or they do not start.
 *
 * @throws the signal's reason when aborted; the platform's own error when the bytes cannot be read.
 */
export async function hashInWorker(blob: Blob, options: HashOptions = {}): Promise<BlobHash> {
  const { signal, worker: factory = ownWorker } = options
  signal?.throwIfAborted()
  const pool = poolOf(factory)
  const worker = await borrow(pool, factory, signal)
  if (worker === undefined) return hashBlobHere(blob, signal)
  try {
    signal?.throwIfAborted()
    const hash = await worker.hash(blob, signal)
    if (hash !== WORKER_LOST) return hash
    pool.broken ||= !worker.everAnswered()
    return await hashBlobHere(blob, signal)
  } finally {
    giveBack(pool, worker)
  }
}

function poolOf(factory: () => Worker): Pool {
  const known = pools.get(factory)
  if (known !== undefined) return known
  const pool: Pool = { idle: [], waiting: [], count: 0, broken: false }
  pools.set(factory, pool)
  return pool
}

/** `undefined` means: do it yourself. */
async function borrow(pool: Pool, factory: () => Worker, signal: AbortSignal | undefined): Promise<HashWorker | undefined> {
  if (pool.broken || typeof Worker === 'undefined') return undefined
  const idle = pool.idle.pop()
  if (idle !== undefined) return idle
  if (pool.count >= MAX_WORKERS) return turn(pool, signal)
  try {
    const worker = startHashWorker(factory, IDLE_MS, () => retire(pool, worker))
    pool.count += 1
    return worker
  } catch {
    // A policy forbids workers here. Hashing in this thread gives the same answer.
    pool.broken = true
    return undefined
  }
}

/** First come, first served. */
function turn(pool: Pool, signal: AbortSignal | undefined): Promise<HashWorker | undefined> {
  return new Promise((resolve, reject) => {
    const giveUp = (): void => {
      pool.waiting.splice(pool.waiting.indexOf(serve), 1)
      reject(signal?.reason)
    }
    const serve = (worker: HashWorker | undefined): void => {
      signal?.removeEventListener('abort', giveUp)
      resolve(worker)
    }
    pool.waiting.push(serve)
    signal?.addEventListener('abort', giveUp, { once: true })
  })
}

function giveBack(pool: Pool, worker: HashWorker): void {
  if (worker.isLost()) {
    pool.count -= 1
    for (const resolve of pool.waiting.splice(0)) resolve(undefined)
    return
  }
  const next = pool.waiting.shift()
  if (next !== undefined) return next(worker)
  pool.idle.push(worker)
  worker.rest()
}

function retire(pool: Pool, worker: HashWorker): void {
  pool.idle.splice(pool.idle.indexOf(worker), 1)
  pool.count -= 1
}
