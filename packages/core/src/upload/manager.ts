import * as Effect from 'effect/Effect'
import * as FiberMap from 'effect/FiberMap'
import { attempt } from '../internal/runtime.ts'
import { Wake } from '../internal/wake.ts'
import { remoteOf } from '../ledger/entry.ts'
import type { LedgerEntry } from '../model/ledger-entry.ts'
import type { BlobHash } from '../wire/blob-hash.ts'
import { HostPause } from './host-pause.ts'
import { planUploads } from './select.ts'
import { abandonUpload, interruptUpload, uploadBlob, type UploadDeps } from './worker.ts'

type Workers = FiberMap.FiberMap<BlobHash, void, unknown>

export interface UploadManagerDeps extends Omit<UploadDeps, 'pause'> {
  /** The ledger entries that have work, as this tab sees them. */
  readonly entries: () => Iterable<LedgerEntry>
  readonly concurrency: number
  /** What the person holds back. */
  readonly isPaused: (id: string) => boolean
}

/** Sends what is owed to one remote: some at a time, small ones first, each in a fiber of its own. Only the leader runs it. */
export class UploadManager {
  readonly #deps: UploadManagerDeps & UploadDeps
  readonly #wake: Wake = new Wake()
  readonly #uploading: Set<BlobHash> = new Set()
  readonly #abandoning: Set<BlobHash> = new Set()

  constructor(deps: UploadManagerDeps) {
    this.#deps = { ...deps, pause: new HostPause(deps.clock, deps.random) }
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
    return Effect.scoped(Effect.flatMap(FiberMap.make<BlobHash, void, unknown>(), supervise))
  }

  #loop(workers: Workers): Effect.Effect<never, unknown> {
    const { clock, remoteId, entries, concurrency, pause, isPaused } = this.#deps
    const step = Effect.gen({ self: this }, function* () {
      this.#wake.reset()
      const nowMs = clock.nowMs()
      const pausedMs = pause.remainingMs()
      const slots = pausedMs > 0 ? 0 : (pause.isAway ? 1 : concurrency) - this.#uploading.size
      const plan = planUploads(entries(), remoteId, this.#uploading, nowMs, slots, isPaused)
      for (const entry of plan.stop) yield* this.#stop(workers, entry)
      for (const entry of plan.start) yield* this.#start(workers, entry)
      for (const entry of plan.cancel) yield* this.#cancel(workers, entry)
      yield* this.#wake.wait(pausedMs > 0 ? pausedMs : plan.nextInMs)
    })
    return Effect.forever(step)
  }

  #start(workers: Workers, entry: LedgerEntry): Effect.Effect<void> {
    const upload = attempt((signal) => uploadBlob(this.#deps, entry, signal))
    return this.#fork(workers, entry.hash, this.#uploading, upload)
  }

  /** Takes the place of the worker that still sends it, which is interrupted by that. */
  #cancel(workers: Workers, entry: LedgerEntry): Effect.Effect<void> {
    if (this.#abandoning.has(entry.hash)) return Effect.void
    const { checkpoint } = remoteOf(entry, this.#deps.remoteId)
    return this.#fork(workers, entry.hash, this.#abandoning, attempt((signal) => abandonUpload(this.#deps, entry.hash, checkpoint, signal)))
  }

  /** The worker ends without a word; what it had sent so far is in the checkpoint. */
  #stop(workers: Workers, { hash }: LedgerEntry): Effect.Effect<void, unknown> {
    if (!this.#uploading.has(hash)) return Effect.void
    return Effect.andThen(FiberMap.remove(workers, hash), attempt(() => interruptUpload(this.#deps, hash)))
  }

  #fork(workers: Workers, hash: BlobHash, busy: Set<BlobHash>, work: Effect.Effect<void, unknown>): Effect.Effect<void> {
    busy.add(hash)
    const done = Effect.sync(() => {
      busy.delete(hash)
      this.#wake.signal()
    })
    return Effect.asVoid(FiberMap.run(workers, hash, Effect.ensuring(work, done)))
  }
}
