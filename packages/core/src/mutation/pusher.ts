import * as Effect from 'effect/Effect'
import { BseError } from '../errors.ts'
import { attempt } from '../internal/runtime.ts'
import { Wake } from '../internal/wake.ts'
import { remoteOf, withRemote } from '../ledger/entry.ts'
import type { References } from '../ledger/ledger.ts'
import { ledgerOps } from '../ledger/records.ts'
import type { ConflictOutcome, ConflictResolution } from '../model/conflict.ts'
import { hashesOf, toWire, type MutationRecord } from '../model/mutation.ts'
import { isPaused } from '../model/paused.ts'
import type { DataConnection, PushOutcome } from '../provider/data-provider.ts'
import type { Clock } from '../provider/environment.ts'
import type { StateOp } from '../provider/state-store.ts'
import { ledgerKey, mutationKey, PAUSED_KEY, SUPERSEDED_KEY } from '../state/keys.ts'
import { readLedgerEntry, readMutation, readPaused } from '../state/records.ts'
import type { LeaderState } from '../state/leader-state.ts'
import { waitMs, type BackoffOptions } from '../upload/backoff.ts'
import { HostPause } from '../upload/host-pause.ts'
import { DISCARDED_KEY, withDiscarded } from './discarded.ts'
import type { Divergence } from './rebase.ts'
import { losersOf, withSuperseded, type SupersededBlob } from './superseded.ts'
import { planPushes, type OrderFacts } from './order.ts'
import { claimKeys, overlaidGet, settle, settledOps, type EventData } from './settle.ts'
import type { MutationEvent } from './transition.ts'

export interface PusherDeps {
  readonly leader: LeaderState
  readonly connection: DataConnection
  readonly acknowledges: 'server' | 'replica'
  readonly remoteId: string
  readonly references: References
  readonly clock: Clock
  readonly random: () => number
  readonly backoff: BackoffOptions
  /** Of the connection's changes. */
  readonly streamPause: HostPause
  readonly maxAttempts: number
  readonly conflictResolution: ConflictResolution
  readonly queue: () => readonly MutationRecord[]
  readonly facts: OrderFacts
  readonly onOutcome: (record: MutationRecord, outcome: PushEnd) => void
}

export type PushEnd =
  | { readonly is: 'applied' }
  | { readonly is: 'later'; readonly error: unknown }
  | { readonly is: 'parked'; readonly code: string }
  | { readonly is: 'conflict'; readonly divergence: Divergence; readonly resolution: ConflictOutcome }

const BATCH_MAX = 100
const AFTER_STREAM_MS = 5_000
const BYTES_MISSING = { code: 'BLOB_MISSING', message: 'neither this device nor the remote has the bytes' }

/** Sends queued writes in their order, a batch at a time. Only the leader runs it. */
export class Pusher {
  readonly #deps: PusherDeps
  readonly #wake: Wake = new Wake()
  readonly #pause: HostPause

  constructor(deps: PusherDeps) {
    this.#deps = deps
    this.#pause = new HostPause(deps.clock, deps.random)
  }

  wake(): void {
    this.#wake.signal()
  }

  /** Try now, although the host was away a moment ago. */
  resume(): void {
    this.#pause.hurry()
    this.#wake.signal()
  }

  run(): Effect.Effect<never, unknown> {
    const step = Effect.gen({ self: this }, function* () {
      this.#wake.reset()
      const { clock, queue, facts } = this.#deps
      const plan = planPushes(queue(), facts, clock.nowMs(), BATCH_MAX)
      const pausedMs = this.#pausedMs()
      if (pausedMs > 0) yield* this.#wake.wait(pausedMs)
      else if (plan.ready.length === 0) yield* this.#wake.wait(plan.nextInMs)
      else if (!(yield* attempt((signal) => this.#push(plan.ready, signal)))) yield* this.#wake.wait(undefined)
    })
    return Effect.forever(step)
  }

  /** Where the stream finds nobody, a push would not either; a stream that hangs is not waited for. */
  #pausedMs(): number {
    const { streamPause } = this.#deps
    return Math.max(this.#pause.remainingMs(), streamPause.remainingMs(AFTER_STREAM_MS))
  }

  /** Answers false when the plan was made from an old picture: the next change of it wakes the loop. */
  async #push(planned: readonly MutationRecord[], signal: AbortSignal): Promise<boolean> {
    const started = await this.#start(planned)
    if (started.length === 0) return false
    let outcomes: readonly PushOutcome[]
    const begun = this.#pause.begin()
    try {
      outcomes = await this.#deps.connection.push(started.map(toWire), { signal })
      this.#pause.answered()
    } catch (error) {
      if (signal.aborted) throw error
      this.#pause.failed(begun, error)
      await this.#hostFailed(started, error)
      return true
    }
    await this.#settleAll(started, outcomes)
    return true
  }

  /**
   * `pushing` before anything leaves: a crash from here on knows that it may have arrived. The first time so durably that a power cut knows it
   * too: a write that seems never to have been sent would take in later ones, which the server, knowing its id, would then pass over.
   */
  #start(planned: readonly MutationRecord[]): Promise<readonly MutationRecord[]> {
    const read = planned.flatMap((record) => [mutationKey(record.seq), ...claimKeys(record)])
    return this.#deps.leader.update([PAUSED_KEY, ...read], (get) => {
      const ops: StateOp[] = []
      const started: MutationRecord[] = []
      for (const { seq, revision } of planned) {
        const record = readMutation(get(mutationKey(seq)))
        // What was merged into it since may have to wait for an earlier write of the row, which the plan did not know.
        if (record === undefined || record.revision !== revision || !this.#mayStart(record, get)) continue
        const { record: next } = settle(record, 'push', this.#data({ epoch: this.#deps.leader.epoch }))
        if (next === undefined) continue
        ops.push({ put: mutationKey(seq), value: next })
        started.push(next)
      }
      return { ops, result: started }
    }, { durability: planned.every(({ sent }) => sent) ? 'relaxed' : 'strict' })
  }

  #mayStart(record: MutationRecord, get: (key: string) => unknown): boolean {
    if (record.state.is !== 'queued' && record.state.is !== 'discarding') return false
    // Whoever was told that it is held back must not see it go, though our picture is older.
    if (isPaused(readPaused(get(PAUSED_KEY)), record.id)) return false
    return [...hashesOf(record.ops)].every((hash) => {
      const entry = readLedgerEntry(get(ledgerKey(hash)))
      return entry === undefined || entry.claims.length === 0 || remoteOf(entry, this.#deps.remoteId).state === 'stored'
    })
  }

  async #hostFailed(started: readonly MutationRecord[], error: unknown): Promise<void> {
    const { onOutcome } = this.#deps
    await this.#commit(started.map((record) => ({ record, event: 'retry', data: this.#data({}) })))
    for (const record of started) onOutcome(record, { is: 'later', error })
  }

  async #settleAll(started: readonly MutationRecord[], outcomes: readonly PushOutcome[]): Promise<void> {
    const steps = started.map((record, index) => this.#step(record, outcomes[index]))
    await this.#commit(steps)
    for (const step of steps) this.#deps.onOutcome(step.record, step.end)
  }

  #step(record: MutationRecord, outcome: PushOutcome | undefined): Step & { readonly end: PushEnd } {
    if (outcome === undefined || outcome.id !== record.id) return this.#blamed(record, 'REJECTED', 'the provider gave no answer for it')
    switch (outcome.is) {
      case 'applied': {
        const event = outcome.durable === 'server' ? 'appliedByServer' : 'appliedByReplica'
        return { record, event, data: this.#data({ token: outcome.token }), end: { is: 'applied' } }
      }
      case 'conflict': return this.#diverged(record, { at: outcome.at ?? 0, current: outcome.current })
      case 'needs-blobs': {
        const later: PushEnd = { is: 'later', error: undefined }
        return { record, event: 'retry', data: this.#data({}), needsBlobs: outcome.hashes, end: later }
      }
      case 'rejected': return this.#blamed(record, outcome.code, 'the server refused it')
      case 'retry': {
        const { clock, random, backoff } = this.#deps
        const nextAtMs = clock.nowMs() + waitMs(record.failures + 1, outcome.afterMs, backoff, random())
        return { record, event: 'retry', data: this.#data({ nextAtMs }), end: { is: 'later', error: undefined } }
      }
    }
  }

  /** An answer that blames the write itself counts; the last one parks it. */
  #blamed(record: MutationRecord, code: string, message: string): Step & { readonly end: PushEnd } {
    const { clock, random, backoff, maxAttempts } = this.#deps
    if (record.attempts + 1 >= maxAttempts) {
      return { record, event: 'rejected', data: this.#data({ reason: { code, message }, countsAttempt: true }), end: { is: 'parked', code } }
    }
    const nextAtMs = clock.nowMs() + waitMs(record.failures + 1, undefined, backoff, random())
    const error = new BseError('REJECTED', 'core.push: the server refused this write', { status: undefined, reason: code })
    return { record, event: 'retry', data: this.#data({ nextAtMs, countsAttempt: true }), end: { is: 'later', error } }
  }

  #diverged(record: MutationRecord, divergence: Divergence): Step & { readonly end: PushEnd } {
    const { clock, random, backoff, conflictResolution } = this.#deps
    const [nowMs, data] = [clock.nowMs(), this.#data({ divergence })]
    const end = (resolution: ConflictOutcome): PushEnd => ({ is: 'conflict', divergence, resolution })
    switch (conflictResolution) {
      case 'manual': return { record, event: 'conflict', data, end: end('open') }
      case 'server-wins': return { record, event: 'conflict', data, isOverruled: true, superseded: losersOf(record, divergence, 'local', nowMs), end: end('remote') }
      case 'last-write-wins': {
        // At once; but a row that others change all the time must not make a loop without a pause.
        const nextAtMs = record.failures === 0 ? 0 : nowMs + waitMs(record.failures, undefined, backoff, random())
        return { record, event: 'retry', data: { ...data, nextAtMs }, superseded: losersOf(record, divergence, 'remote', nowMs), end: end('local') }
      }
    }
  }

  #commit(steps: readonly Step[]): Promise<void> {
    const { leader, references, remoteId } = this.#deps
    const read = steps.flatMap(({ record, needsBlobs = [] }) => [mutationKey(record.seq), ...claimKeys(record), ...needsBlobs.map(ledgerKey)])
    return leader.update([...new Set([...read, DISCARDED_KEY, SUPERSEDED_KEY])], (get) => {
      const ops: StateOp[] = []
      for (const { record: { seq }, event, data, needsBlobs, isOverruled, superseded = [] } of steps) {
        const now = overlaidGet(get, ops)
        const record = readMutation(now(mutationKey(seq)))
        if (record === undefined) continue
        const missing = (needsBlobs ?? []).filter((hash) => readLedgerEntry(now(ledgerKey(hash)))?.local !== 'present')
        const answered = missing.length > 0 ? settle(record, 'rejected', { ...data, reason: BYTES_MISSING }) : settle(record, event, data)
        const settled = isOverruled === true && answered.record?.state.is === 'conflict' ? settle(answered.record, 'userDiscard', data) : answered
        ops.push(...settledOps(record, settled, now, references))
        if (superseded.length > 0) ops.push({ put: SUPERSEDED_KEY, value: withSuperseded(overlaidGet(get, ops)(SUPERSEDED_KEY), superseded) })
        if (settled.discarded) ops.push({ put: DISCARDED_KEY, value: withDiscarded(overlaidGet(get, ops)(DISCARDED_KEY), record.id) })
        for (const hash of needsBlobs ?? []) {
          const entry = readLedgerEntry(overlaidGet(get, ops)(ledgerKey(hash)))
          if (entry !== undefined) ops.push(...ledgerOps(withRemote(entry, remoteId, 'needsBlobs', true)))
        }
      }
      return { ops, result: undefined }
    }, { durability: 'strict' })
  }

  #data(data: Omit<EventData, 'acknowledges'>): EventData {
    return { ...data, acknowledges: this.#deps.acknowledges }
  }
}

interface Step {
  readonly record: MutationRecord
  readonly event: MutationEvent
  readonly data: EventData
  readonly needsBlobs?: readonly `sha256:${string}`[]
  readonly superseded?: readonly SupersededBlob[]
  /** The conflict is decided as soon as it is met: the server's row stands. */
  readonly isOverruled?: boolean
}
