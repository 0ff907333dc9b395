import { isBseError } from '@bse/core/provider'
import { MAX_ATTEMPTS, type Connection } from './connection.ts'
import { STORES, type CacheDatabase, type CacheTransaction } from './database.ts'
import { isConnectionLost, isQuota, isUnexplainedAbort, toStorageError } from './idb-error.ts'

/** Bounds of what one transaction takes on. */
const MAX_GROUP_JOBS = 256
const MAX_GROUP_BYTES = 16 * 1024 * 1024

/** A part of a transaction. */
export interface Job<T> {
  /** Appears in errors. */
  readonly operation: string
  /** About what it writes. */
  readonly sizeBytes: number
  readonly durability: 'strict' | 'relaxed'
  /**
   * Reads first, then writes; waits for nothing but the transaction. A `BseError` it throws before it has written fails this
   * job alone. `retried`: an earlier try may have been committed without our hearing of it.
   */
  run(tx: CacheTransaction, retried: boolean): Promise<T>
}

interface Waiting {
  readonly job: Job<unknown>
  resolve(result: unknown): void
  reject(error: unknown): void
}

type Verdict = { readonly result: unknown } | { readonly thrown: unknown }

/** Group commit: what comes in one tick, or while a transaction is under way, shares the next one, in order. */
export class Commits {
  readonly #connection: Connection
  readonly #queue: Waiting[] = []
  #isDraining = false

  constructor(connection: Connection) {
    this.#connection = connection
  }

  /** Resolves when the transaction is complete. @throws what the job throws, `STORAGE_FULL`, `STORAGE_FAILED`. */
  add<T>(job: Job<T>): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      this.#queue.push({ job, resolve, reject })
      if (!this.#isDraining) void this.#drain()
    })
  }

  /** Never rejects: whoever waits for a job hears of its failure. */
  async #drain(): Promise<void> {
    this.#isDraining = true
    // Let the tick end first: what it still adds belongs to the same group.
    await Promise.resolve()
    while (this.#queue.length > 0) await this.#settle(takeGroup(this.#queue))
    this.#isDraining = false
  }

  async #settle(group: readonly Waiting[]): Promise<void> {
    try {
      const verdicts = await this.#commit(group.map(({ job }) => job))
      for (const [n, verdict] of verdicts.entries()) {
        if ('thrown' in verdict) group[n]?.reject(verdict.thrown)
        else group[n]?.resolve(verdict.result)
      }
    } catch (error) {
      // One large blob must not fail its neighbours: each on its own.
      if (group.length > 1 && (isQuota(error) || isUnexplainedAbort(error))) {
        for (const waiting of group) await this.#settle([waiting])
      } else {
        for (const { job, reject } of group) reject(toStorageError(error, job.operation, job.sizeBytes))
      }
    }
  }

  async #commit(jobs: readonly Job<unknown>[]): Promise<readonly Verdict[]> {
    for (let attempt = 1; ; attempt += 1) {
      let db: CacheDatabase | undefined
      try {
        db = await this.#connection.use()
        return await commitJobs(db, jobs, attempt > 1)
      } catch (error) {
        // Alone and still aborted: the connection may be the cause, so a new one is tried before it is called the quota.
        const worthwhile = isConnectionLost(error) || (jobs.length === 1 && isUnexplainedAbort(error))
        if (!worthwhile) throw error
        this.#connection.drop(db)
        if (attempt >= MAX_ATTEMPTS) throw error
      }
    }
  }
}

function takeGroup(queue: Waiting[]): readonly Waiting[] {
  let [count, sizeBytes] = [0, 0]
  for (const { job } of queue) {
    sizeBytes += job.sizeBytes
    if (count > 0 && (sizeBytes > MAX_GROUP_BYTES || count === MAX_GROUP_JOBS)) break
    count += 1
  }
  return queue.splice(0, count)
}

/** Resolves on `complete`, never before: a request that succeeded may still be taken back by the quota. */
async function commitJobs(db: CacheDatabase, jobs: readonly Job<unknown>[], retried: boolean): Promise<readonly Verdict[]> {
  const durability = jobs.some((job) => job.durability === 'strict') ? 'strict' : 'relaxed'
  const tx = db.transaction(STORES, 'readwrite', { durability })
  const verdicts: Verdict[] = []
  try {
    for (const job of jobs) verdicts.push(await verdictOf(job.run(tx, retried)))
  } catch (error) {
    const byUs = abort(tx)
    const why: unknown = await tx.done.then(() => error, (cause: unknown) => cause)
    throw byUs ? error : why
  }
  await tx.done
  return verdicts
}

async function verdictOf(running: Promise<unknown>): Promise<Verdict> {
  try {
    return { result: await running }
  } catch (error) {
    if (isBseError(error)) return { thrown: error }
    throw error
  }
}

/** False when it had ended already: then that is why a job failed. */
function abort(tx: CacheTransaction): boolean {
  try {
    tx.abort()
    return true
  } catch {
    return false
  }
}

/** For writes in a job: when one fails, the transaction does, and tells. */
export function issue(...requests: readonly (Promise<unknown> | undefined)[]): void {
  for (const request of requests) request?.catch(() => undefined)
}
