import * as Effect from 'effect/Effect'
import * as FiberMap from 'effect/FiberMap'
import { attempt } from '../internal/runtime.ts'
import { Wake } from '../internal/wake.ts'
import { remoteOf } from '../ledger/entry.ts'
import type { LedgerEntry } from '../model/ledger-entry.ts'
import type { UploadProgress } from '../provider/blob-provider.ts'
import type { BlobHash } from '../wire/blob-hash.ts'
import { interruptUploads, uploadSeveral } from './batch.ts'
import { HostPause } from './host-pause.ts'
import { intoJobs, visibleFirst, type UploadJob } from './jobs.ts'
import { planUploads, type UploadPlan } from './select.ts'
import { abandonUpload, uploadBlob, type UploadDeps } from './worker.ts'

/** By the hash of what a worker sends; several that go together by the first of them. */
type Workers = FiberMap.FiberMap<string, void, unknown>

export interface UploadManagerDeps extends Omit<UploadDeps, 'pause'> {
  /** The ledger entries that have work, as this tab sees them. */
  readonly entries: () => Iterable<LedgerEntry>
  readonly concurrency: number
  /** What the person holds back. */
  readonly isPaused: (id: string) => boolean
  /** On the screen of this tab: goes before what nobody looks at. */
  readonly isVisible: (hash: BlobHash) => boolean
  /** Whether these bytes may go over the network of now. */
  readonly mayUpload: (hash: BlobHash) => boolean
}

/** Sends what is owed to one remote: some at a time, small ones first, each worker in a fiber of its own. Only the leader runs it. */
export class UploadManager {
  readonly #deps: UploadManagerDeps & UploadDeps
  readonly #wake: Wake = new Wake()
  /** What is in a worker's hand, and whose. */
  readonly #uploading: Map<BlobHash, { readonly worker: string; readonly job: UploadJob }> = new Map()
  readonly #abandoning: Set<BlobHash> = new Set()
  #jobs = 0
  #takesBatches = true

  constructor(deps: UploadManagerDeps) {
    const pause = new HostPause(deps.clock, deps.random)
    const onProgress = (hash: BlobHash, progress: UploadProgress): void => {
      if (progress.confirmedBytes > 0) pause.answered()
      deps.onProgress(hash, progress)
    }
    this.#deps = { ...deps, pause, onProgress }
  }

  /** Something changed: look again. */
  wake(): void {
    this.#wake.signal()
  }

  /** The network may be back: a host that was away is asked at once. */
  hurry(): void {
    this.#deps.pause.hurry()
    this.#wake.signal()
  }

  /** Runs until interrupted; fails when state fails or the lead is lost. */
  run(): Effect.Effect<never, unknown> {
    const supervise = (workers: Workers): Effect.Effect<never, unknown> =>
      Effect.raceFirst(this.#loop(workers), Effect.andThen(FiberMap.join(workers), Effect.never))
    return Effect.scoped(Effect.flatMap(FiberMap.make<string, void, unknown>(), supervise))
  }

  #loop(workers: Workers): Effect.Effect<never, unknown> {
    const { clock, concurrency, entries, isPaused, pause, remoteId } = this.#deps
    const step = Effect.gen({ self: this }, function* () {
      this.#wake.reset()
      const pausedMs = pause.remainingMs()
      const places = pausedMs > 0 ? 0 : pause.isAway ? 1 : concurrency
      const plan = planUploads(entries(), remoteId, new Set(this.#uploading.keys()), clock.nowMs(), Infinity, isPaused)
      for (const entry of plan.stop) yield* this.#stop(workers, entry)
      for (const job of this.#jobsOf(plan).slice(0, Math.max(0, places - this.#jobs))) yield* this.#start(workers, job)
      for (const entry of plan.cancel) yield* this.#cancel(workers, entry)
      yield* this.#wake.wait(pausedMs > 0 ? pausedMs : plan.nextInMs)
    })
    return Effect.forever(step)
  }

  #jobsOf({ start }: UploadPlan): readonly UploadJob[] {
    const { isVisible, mayUpload, provider, remoteId } = this.#deps
    const allowed = start.filter(({ hash }) => mayUpload(hash))
    return intoJobs(visibleFirst(allowed, isVisible), remoteId, this.#takesBatches ? provider.batch : undefined)
  }

  #start(workers: Workers, job: UploadJob): Effect.Effect<void> {
    const [first] = job
    if (first === undefined) return Effect.void
    const isAlone = job.length === 1
    const worker = isAlone ? first.hash : `several ${first.hash}`
    for (const { hash } of job) this.#uploading.set(hash, { worker, job })
    this.#jobs += 1
    const work = attempt((signal) => (isAlone ? uploadBlob(this.#deps, first, signal) : this.#sendSeveral(job, signal)))
    return this.#fork(workers, worker, work, () => {
      for (const { hash } of job) this.#uploading.delete(hash)
      this.#jobs -= 1
    })
  }

  async #sendSeveral(job: UploadJob, signal: AbortSignal): Promise<void> {
    if ((await uploadSeveral(this.#deps, job, signal)) === 'refused') this.#takesBatches = false
  }

  /** Takes the place of the worker that still sends it, which is interrupted by that. */
  #cancel(workers: Workers, entry: LedgerEntry): Effect.Effect<void, unknown> {
    const { hash } = entry
    if (this.#abandoning.has(hash)) return Effect.void
    const { checkpoint } = remoteOf(entry, this.#deps.remoteId)
    this.#abandoning.add(hash)
    const abandon = this.#fork(workers, hash, attempt((signal) => abandonUpload(this.#deps, hash, checkpoint, signal)), () => void this.#abandoning.delete(hash))
    const isAlone = (this.#uploading.get(hash)?.job.length ?? 1) === 1
    return isAlone ? abandon : Effect.andThen(this.#stop(workers, entry), abandon)
  }

  /**
   * The worker ends without a word; what it had sent so far is in the checkpoint. Of a batch nothing can be taken out, so all of it stops, and
   * the others begin again.
   */
  #stop(workers: Workers, { hash }: LedgerEntry): Effect.Effect<void, unknown> {
    const inHand = this.#uploading.get(hash)
    if (inHand === undefined) return Effect.void
    const interrupted = attempt(() => interruptUploads(this.#deps, inHand.job.map((one) => one.hash)))
    return Effect.andThen(FiberMap.remove(workers, inHand.worker), interrupted)
  }

  #fork(workers: Workers, key: string, work: Effect.Effect<void, unknown>, end: () => void): Effect.Effect<void> {
    const done = Effect.sync(() => {
      end()
      this.#wake.signal()
    })
    return Effect.asVoid(FiberMap.run(workers, key, Effect.ensuring(work, done)))
  }
}
