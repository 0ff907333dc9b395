import { hasCode } from '../errors.ts'
import type { ChangeBatch, DataConnection, PushOutcome, Settlement } from '../provider/data-provider.ts'
import type { Json } from '../wire/json.ts'
import type { MutationId, MutationOp, MutationWire, RowWire } from '../wire/mutation-wire.ts'
import { DataBaseRows } from './data-base-rows.ts'
import { dataTestContext, type DataHarness, type OpenedData } from './data-harness.ts'
import { TestDataStorage } from './data-storage.ts'
import { OpenMutations } from './open-mutations.ts'
import { assert } from './suite.ts'
import { Watched } from './watched.ts'

/** Far beyond what any case needs; only a case that fails waits as long. */
const GIVE_UP_AFTER_MS = 20_000
/** Between two tries to open the changes: a line that was cut tells nobody when it is back. */
const REOPEN_AFTER_MS = 10

export interface DataDeviceOptions {
  /** How long `until` waits before it fails. */
  readonly giveUpAfterMs?: number
}

/** As much of core as a provider can tell apart from the real one: base rows, cursor, and mutations that wait for a settlement. */
export class DataDevice {
  readonly #id = crypto.randomUUID()
  readonly #harness: DataHarness
  readonly #state: Watched
  readonly #rows = new DataBaseRows()
  readonly #mutations = new OpenMutations()
  readonly #batches: ChangeBatch[] = []
  #storage = new TestDataStorage()
  #opened: OpenedData | undefined
  #session: { readonly stop: AbortController; readonly ended: Promise<void> } | undefined
  #cursor: Json | undefined

  constructor(harness: DataHarness, { giveUpAfterMs = GIVE_UP_AFTER_MS }: DataDeviceOptions = {}) {
    this.#harness = harness
    this.#state = new Watched(giveUpAfterMs)
  }

  get connection(): DataConnection {
    return this.#link.connection
  }

  get batches(): readonly ChangeBatch[] {
    return this.#batches
  }

  get settlements(): readonly Settlement[] {
    return this.#mutations.settlements
  }

  get storage(): TestDataStorage {
    return this.#storage
  }

  async start(): Promise<this> {
    this.#opened = await this.#harness.open(dataTestContext(this.#storage), this.#id)
    this.follow()
    return this
  }

  /** Reads changes from the last cursor on. */
  follow(): void {
    const stop = new AbortController()
    this.#session = { stop, ended: this.#follow(stop.signal) }
  }

  async stopFollowing(): Promise<void> {
    this.#session?.stop.abort(new Error('the session is over'))
    await this.#session?.ended
    this.#session = undefined
    this.#state.throwIfFailed()
  }

  cut(): Promise<void> {
    return this.#link.cut()
  }

  restore(): Promise<void> {
    return this.#link.restore()
  }

  /** The power goes and comes back: only what was stored strictly is left, and what core had committed. */
  async crash(): Promise<void> {
    this.#session?.stop.abort()
    await this.#link.kill()
    await this.#session?.ended
    this.#storage = this.#storage.afterPowerCut()
    this.#opened = undefined
  }

  async restart(): Promise<void> {
    await this.crash()
    await this.start()
  }

  /** The page is closed in good order and opened again: everything that was stored is there. */
  async reload(): Promise<void> {
    await this.close()
    this.#storage = this.#storage.forNextLeader()
    await this.start()
  }

  /** From now on another tab leads: writes to storage are refused. */
  loseLead(): void {
    this.#storage.forNextLeader()
  }

  /** Changes the base rows behind everybody's back, and forgets the cursor that goes with them. */
  disturbRows(table: string, disturb: (rows: Map<string, RowWire>) => void): void {
    disturb(this.#rows.table(table))
    this.#cursor = undefined
  }

  async close(): Promise<void> {
    this.#session?.stop.abort()
    await this.#opened?.connection.close()
    await this.#session?.ended
    await this.#opened?.kill()
    this.#opened = undefined
  }

  push(mutations: readonly MutationWire[]): Promise<readonly PushOutcome[]> {
    return this.#push(mutations, true)
  }

  /** The answer is lost: core does not know that it was applied. */
  pushAndForget(mutations: readonly MutationWire[]): Promise<readonly PushOutcome[]> {
    return this.#push(mutations, false)
  }

  /** Pushes one mutation of these ops and fails unless it is applied. Gives its id. */
  async write(...ops: readonly MutationOp[]): Promise<MutationId> {
    const id = newMutationId()
    const [outcome] = await this.push([{ id, ops }])
    assert(outcome?.is === 'applied', `the mutation is ${JSON.stringify(outcome)}`)
    return id
  }

  row(table: string, rowId: string): RowWire | undefined {
    return this.#rows.table(table).get(rowId)
  }

  rows(table: string): ReadonlyMap<string, RowWire> {
    return this.#rows.table(table)
  }

  /** What a row is after each batch from now on; it grows. */
  track(table: string, rowId: string): readonly (RowWire | undefined)[] {
    return this.#rows.track(table, rowId)
  }

  isConfirmed(id: MutationId): boolean {
    return this.#mutations.isConfirmed(id)
  }

  isContained(id: MutationId): boolean {
    return this.#mutations.count(id, 'contained') > 0
  }

  countSettled(id: MutationId, as: Settlement['as']): number {
    return this.#mutations.count(id, as)
  }

  /** Resolves once `condition` holds; it is looked at after each batch and each push. */
  until(condition: () => boolean, what: string): Promise<void> {
    return this.#state.until(condition, what)
  }

  /** Resolves once the mutation can be forgotten: its rows are here, and a server has it. */
  untilSettled(id: MutationId): Promise<void> {
    return this.until(() => this.#mutations.isDone(id), 'the mutation is contained and confirmed')
  }

  /** What the promise gives; fails when it takes as long as `until` waits. */
  async within<T>(promise: Promise<T>, what: string): Promise<T> {
    let isOver = false
    void promise.finally(() => {
      isOver = true
      this.#state.changed()
    }).catch(() => undefined)
    await this.until(() => isOver, what)
    return promise
  }

  get #link(): OpenedData {
    assert(this.#opened !== undefined, 'the device is not open')
    return this.#opened
  }

  async #push(mutations: readonly MutationWire[], note: boolean): Promise<readonly PushOutcome[]> {
    const sent = mutations.map((mutation) => this.#withPrevious(mutation))
    const outcomes = await this.connection.push(sent, { signal: new AbortController().signal })
    if (note) this.#mutations.answered(outcomes)
    this.#state.changed()
    return outcomes
  }

  /** What the person saw, for backends that compare. */
  #withPrevious(mutation: MutationWire): MutationWire {
    return {
      ...mutation,
      ops: mutation.ops.map((op) => {
        const row = op.kind === 'insert' ? undefined : this.row(op.table, op.rowId)
        if (row === undefined) return op
        return { ...op, previous: Object.fromEntries(Object.keys(op.values).map((column) => [column, row[column] ?? null])) }
      }),
    }
  }

  async #follow(signal: AbortSignal): Promise<void> {
    try {
      while (await this.#followOnce(signal)) await pause(REOPEN_AFTER_MS)
      assert(signal.aborted, 'the changes ended by themselves')
    } catch (error) {
      this.#state.fail(error)
    }
  }

  /** Whether a line broke, so that the changes are to be opened again. */
  async #followOnce(signal: AbortSignal): Promise<boolean> {
    this.#rows.dropReplacements()
    const awaiting = (): ReadonlyMap<MutationId, Json> => this.#mutations.awaiting
    try {
      for await (const batch of this.connection.changes({ cursor: this.#cursor, awaiting, signal })) this.#commit(batch)
      return false
    } catch (error) {
      if (!hasCode(error, 'NETWORK')) throw error
      return !signal.aborted
    }
  }

  #commit(batch: ChangeBatch): void {
    this.#batches.push(batch)
    this.#rows.commit(batch)
    if (batch.cursor !== undefined) this.#cursor = structuredClone(batch.cursor)
    this.#mutations.settle(batch.settled)
    this.#state.changed()
  }
}

function pause(delayMs: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, delayMs))
}

/** A UUIDv7: servers may read the time in it. */
export function newMutationId(): MutationId {
  const time = Date.now().toString(16).padStart(12, '0')
  return `${time.slice(0, 8)}-${time.slice(8)}-7${crypto.randomUUID().slice(15)}`
}
