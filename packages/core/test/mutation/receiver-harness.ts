import { runPublic } from '../../src/internal/runtime.ts'
import { memoryState } from '../../src/memory/index.ts'
import type { MutationRecord, MutationState } from '../../src/model/mutation.ts'
import { Receiver } from '../../src/mutation/receiver.ts'
import type { ChangeBatch, Clock, DataConnection, RowChange, StateStore } from '../../src/provider/index.ts'
import { CURSOR_KEY, baseRowKey, mutationKey } from '../../src/state/keys.ts'
import { HostPause } from '../../src/upload/host-pause.ts'
import { LeaderState, takeLease } from '../../src/state/leader-state.ts'
import type { MutationId, RowWire } from '../../src/wire/index.ts'

type Changes = DataConnection['changes']
export type Awaiting = ReturnType<Parameters<Changes>[0]['awaiting']>

export const batch = (changes: readonly RowChange[], rest: Partial<ChangeBatch> = {}): ChangeBatch => ({ changes, cursor: undefined, settled: [], upToDate: true, ...rest })
export const put = (rowId: string, row: RowWire): RowChange => ({ kind: 'put', table: 'photos', rowId, row })
export const patch = (rowId: string, columns: RowWire): RowChange => ({ kind: 'patch', table: 'photos', rowId, columns })
export const del = (rowId: string): RowChange => ({ kind: 'delete', table: 'photos', rowId })
export const replace = (phase: 'begin' | 'end'): Pick<ChangeBatch, 'replace'> => ({ replace: { table: 'photos', phase } })

/** A receiver over real state, whose picture of the rows moves only when a test says so. */
export class ReceiverBench {
  readonly picture: Map<string, RowWire> = new Map()
  readonly failures: unknown[] = []
  /** Waits that the receiver asked for, in milliseconds; none of them ends by itself. */
  readonly waits: number[] = []
  readonly queue: MutationRecord[] = []
  /** The clock that never goes back; stands still by itself. */
  nowMs = 0
  readonly receiver: Receiver
  readonly #state: StateStore
  readonly #stop: AbortController = new AbortController()
  readonly #clock: Clock
  #ended: Promise<unknown> = Promise.resolve()

  static async open(changes: Changes): Promise<ReceiverBench> {
    const state = memoryState()('receiver')
    return new ReceiverBench(state, await takeLease(state, 'tab'), changes)
  }

  private constructor(state: StateStore, epoch: number, changes: Changes) {
    this.#state = state
    this.#clock = {
      nowMs: () => 0,
      monotonicMs: () => this.nowMs,
      timer: (delayMs: number): (() => void) => {
        this.waits.push(delayMs)
        return () => undefined
      },
    }
    this.receiver = new Receiver({
      leader: new LeaderState(state, epoch),
      connection: { changes, push: async () => [], close: async () => undefined },
      acknowledges: 'server',
      references: { count: () => 0 },
      base: { get: (_, rowId) => this.picture.get(rowId), ids: () => this.picture.keys() },
      knownTables: new Set(['photos']),
      queue: () => this.queue,
      clock: this.#clock,
      random: () => 0.5,
      backoff: { baseMs: 500, maxMs: 60_000 },
      streamPause: new HostPause(this.#clock, () => 0.5),
      logger: { debug: () => undefined, info: () => undefined, warn: () => undefined, error: () => undefined },
      onBatch: () => undefined,
      onFailure: (error) => this.failures.push(error),
    })
  }

  start(): void {
    this.#ended = runPublic(this.receiver.run(), this.#clock, this.#stop.signal).catch((error: unknown) => error)
  }

  /** What ended the receiver once it was started. */
  get ended(): Promise<unknown> {
    return this.#ended
  }

  async enqueue(id: MutationId, state: MutationState): Promise<void> {
    const seq = this.queue.length + 1
    const ops = [{ kind: 'update', table: 'photos', rowId: 'a', values: {}, previous: {} }] as const
    const record: MutationRecord = { v: 1, id, seq, revision: 0, ops, state, attempts: 0, sent: true, failures: 0, nextAtMs: 0, createdAtMs: 0 }
    this.queue.push(record)
    await this.#state.update([], () => ({ ops: [{ put: mutationKey(seq), value: record }], result: undefined }), { durability: 'strict' })
  }

  async stored(rowId: string): Promise<unknown> {
    return (await this.#state.get([baseRowKey('photos', rowId)]))[0]
  }

  async cursor(): Promise<unknown> {
    return (await this.#state.get([CURSOR_KEY]))[0]
  }

  async isQueued(id: MutationId): Promise<boolean> {
    const seq = this.queue.find((record) => record.id === id)?.seq ?? 0
    return (await this.#state.get([mutationKey(seq)]))[0] !== undefined
  }

  /** The tab's picture shows this of the row. */
  see(rowId: string, row: RowWire | undefined): void {
    if (row === undefined) this.picture.delete(rowId)
    else this.picture.set(rowId, row)
    this.receiver.caughtUp('photos', rowId, row)
  }

  /** Another tab takes the lead: every commit of this receiver is refused from now on. */
  async loseLease(): Promise<void> {
    await takeLease(this.#state, 'another')
  }

  async close(): Promise<void> {
    this.#stop.abort(new Error('the test is over'))
    await this.#ended
  }
}

/** A stream that breaks before its first batch. */
export function broken(error: unknown): AsyncIterable<ChangeBatch> {
  return { [Symbol.asyncIterator]: () => ({ next: () => Promise.reject(error) }) }
}

/** A stream on which nothing ever comes. */
export function quiet(signal: AbortSignal): AsyncIterable<ChangeBatch> {
  return { [Symbol.asyncIterator]: () => ({ next: () => aborted(signal).then(() => ({ done: true, value: undefined })) }) }
}

export function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve()
    else signal.addEventListener('abort', () => resolve(), { once: true })
  })
}
