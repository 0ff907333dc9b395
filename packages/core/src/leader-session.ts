import * as Effect from 'effect/Effect'
import { attempt, runPublic } from './internal/runtime.ts'
import { Wake } from './internal/wake.ts'
import { lostLease } from './state/leader-state.ts'
import type { MirrorChange } from './tabs/mirror.ts'
import type { Pulse } from './tabs/pulse.ts'
import type { OrderFacts } from './mutation/order.ts'
import { Pusher, type PushEnd } from './mutation/pusher.ts'
import { Receiver } from './mutation/receiver.ts'
import type { BaseRows } from './mutation/snapshot.ts'
import type { ConflictResolution } from './model/conflict.ts'
import type { MutationRecord } from './model/mutation.ts'
import type { BlobProvider } from './provider/blob-provider.ts'
import type { ProviderContext } from './provider/context.ts'
import type { ChangeBatch, DataConnection, DataProvider, TableShape } from './provider/data-provider.ts'
import { adoptWork, tidyBytes, type RecoverDeps } from './recovery/recover.ts'
import { waitMs } from './upload/backoff.ts'
import { blameOf } from './upload/failure.ts'
import { HostPause } from './upload/host-pause.ts'
import { UploadManager, type UploadManagerDeps } from './upload/manager.ts'
import type { UploadEnd } from './upload/worker.ts'
import type { BlobHash } from './wire/blob-hash.ts'
import { dataStorage } from './data-storage.ts'
import { LOCAL_ROWS } from './local-rows.ts'

export interface LeaderSessionDeps extends RecoverDeps, UploadManagerDeps {
  /** Stores that get every blob beside the one of `provider`, each in its own time. */
  readonly mirrors: readonly BlobProvider[]
  readonly onMirrorOutcome: (hash: BlobHash, end: UploadEnd) => void
  readonly data: DataProvider
  readonly context: ProviderContext
  readonly tables: readonly TableShape[]
  readonly base: BaseRows
  readonly facts: OrderFacts
  readonly conflictResolution: ConflictResolution
  /** What this tab's picture shows of the lead: the session begins when that is ours. */
  readonly pulse: Pulse
  readonly onPush: (record: MutationRecord, outcome: PushEnd) => void
  readonly onAnswer: () => void
  readonly onReachable: (isReachable: boolean) => void
  /** Blobs that lost their last row or write. Each is given once. */
  readonly unreferenced: () => readonly BlobHash[]
  /** Makes uploads that wait for a time due now. */
  readonly hurryUploads: () => Promise<void>
  readonly onDataFailure: (error: unknown) => void
  /** What dead tabs left could not be put in order; the next leader tries again. */
  readonly onTidyFailure: (error: unknown) => void
}

/** The work that one tab does for all: sends bytes and writes, takes in what others changed, tidies up after dead tabs. */
export class LeaderSession {
  readonly #deps: LeaderSessionDeps
  /** One for each remote: a host that is down holds back nobody else's. */
  readonly #uploads: readonly UploadManager[]
  /** Of the connection for rows. */
  readonly #streamPause: HostPause
  readonly #changed: Wake = new Wake()
  readonly #asked: Wake = new Wake()
  readonly #connectAgain: Wake = new Wake()
  #pusher: Pusher | undefined
  #receiver: Receiver | undefined
  #isWiped = false

  constructor(deps: LeaderSessionDeps) {
    this.#deps = deps
    const { mirrors, onMirrorOutcome } = deps
    const quietly = (): void => undefined
    const toMirror = (provider: BlobProvider): UploadManager =>
      new UploadManager({ ...deps, provider, remoteId: provider.remoteId, onProgress: quietly, onOutcome: onMirrorOutcome })
    this.#uploads = [new UploadManager(deps), ...mirrors.map(toMirror)]
    this.#streamPause = new HostPause(deps.clock, deps.random)
  }

  /** This tab's picture of state changed. */
  changed(change: MirrorChange): void {
    // The lease went with everything else, and so did the place in the stream of rows.
    this.#isWiped ||= change.lost !== undefined
    this.#changed.signal()
    this.#asked.signal()
    for (const uploads of this.#uploads) uploads.wake()
    this.#pusher?.wake()
    for (const { table, rowId, row } of change.rows) this.#receiver?.caughtUp(table, rowId, row)
  }

  /** The network may be back: try at once what waits for time to pass. */
  async resume(): Promise<void> {
    for (const uploads of this.#uploads) uploads.hurry()
    this.#streamPause.hurry()
    this.#connectAgain.signal()
    this.#receiver?.resume()
    this.#pusher?.resume()
    await this.#deps.hurryUploads()
  }

  run(signal: AbortSignal): Promise<void> {
    const work = Effect.raceAllFirst([...this.#uploads.map((uploads) => uploads.run()), this.#rows(), this.#collect()])
    const session = Effect.gen({ self: this }, function* () {
      yield* this.#caughtUp()
      yield* attempt(() => adoptWork(this.#deps))
      yield* Effect.forkChild(attempt(() => tidyBytes(this.#deps)).pipe(Effect.tapError((error) => Effect.sync(() => this.#log(error))), Effect.ignore))
      return yield* work
    })
    return runPublic(Effect.raceFirst(session, this.#present()), this.#deps.clock, signal)
  }

  #log(error: unknown): void {
    this.#deps.logger.warn('tidying up after dead tabs failed', { error: String(error) })
    this.#deps.onTidyFailure(error)
  }

  /** Everything that an older leader committed is in our picture once our own lease is. */
  #caughtUp(): Effect.Effect<void> {
    return Effect.gen({ self: this }, function* () {
      for (;;) {
        this.#changed.reset()
        if (this.#deps.pulse.epoch >= this.#deps.leader.epoch) return
        yield* this.#changed.wait(undefined)
      }
    })
  }

  /** Answers those who ask whether this leader is still there; ends it when another has taken over. */
  #present(): Effect.Effect<never, unknown> {
    const { pulse, leader } = this.#deps
    const step = Effect.gen({ self: this }, function* () {
      this.#asked.reset()
      if (this.#isWiped || pulse.epoch > leader.epoch) return yield* Effect.fail(lostLease(leader.epoch))
      if (pulse.epoch === leader.epoch && pulse.asked > pulse.answered) yield* attempt(() => leader.answer(pulse.asked))
      return yield* this.#asked.wait(undefined)
    })
    return Effect.forever(step)
  }

  /** Connects, with patience; then pushes and receives until the connection's end. */
  #rows(): Effect.Effect<never, unknown> {
    const { data, backoff, random, onDataFailure } = this.#deps
    let failures = 0
    const once = Effect.gen({ self: this }, function* () {
      const begun = this.#streamPause.begin()
      const connected = yield* Effect.result(attempt(() => data.connect(this.#context())))
      if (connected._tag === 'Failure') {
        failures += 1
        this.#streamPause.failed(begun, connected.failure)
        onDataFailure(connected.failure)
        this.#connectAgain.reset()
        const ownMs = waitMs(failures, blameOf(connected.failure).retryAfterMs, backoff, random())
        return yield* this.#connectAgain.wait(Math.max(ownMs, this.#streamPause.remainingMs()))
      }
      const connection = connected.success
      failures = 0
      yield* Effect.ensuring(this.#exchange(connection), Effect.ignore(attempt(() => connection.close())))
    })
    return Effect.forever(once)
  }

  #exchange(connection: DataConnection): Effect.Effect<never, unknown> {
    const { data, tables, onPush, onAnswer, onDataFailure } = this.#deps
    const { acknowledges } = data.capabilities
    const isServer = acknowledges === 'server' && data !== LOCAL_ROWS
    const shared = { ...this.#deps, connection, acknowledges, streamPause: this.#streamPause }
    const onOutcome = (record: MutationRecord, outcome: PushEnd): void => {
      if (outcome.is === 'applied' && isServer) onAnswer()
      onPush(record, outcome)
    }
    // What this device says of itself is no answer of a server, except where a replica tells that a server has confirmed something.
    const onBatch = ({ settled }: ChangeBatch): void => {
      if (isServer || settled.some(({ as }) => as === 'confirmed')) onAnswer()
    }
    this.#pusher = new Pusher({ ...shared, onOutcome })
    this.#receiver = new Receiver({ ...shared, knownTables: new Set(tables.map((table) => table.name)), onBatch, onFailure: onDataFailure })
    return Effect.raceAllFirst([this.#pusher.run(), this.#receiver.run()])
  }

  #context(): Parameters<DataProvider['connect']>[0] {
    const { context, tables, state, leader, onReachable } = this.#deps
    return { ...context, tables, storage: dataStorage(state, leader), assertLease: () => leader.assertLease(), reachable: onReachable }
  }

  /** Bytes that no row and no write names any more, and that nobody is owed, leave this device. */
  #collect(): Effect.Effect<never, unknown> {
    const step = Effect.gen({ self: this }, function* () {
      this.#changed.reset()
      for (const hash of this.#deps.unreferenced()) yield* attempt(() => this.#deps.cache.release(hash))
      yield* this.#changed.wait(undefined)
    })
    return Effect.forever(step)
  }
}
