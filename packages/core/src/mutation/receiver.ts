import * as Effect from 'effect/Effect'
import { attempt } from '../internal/runtime.ts'
import { Wake } from '../internal/wake.ts'
import type { References } from '../ledger/ledger.ts'
import type { MutationRecord } from '../model/mutation.ts'
import type { ChangeBatch, DataConnection, RowChange, Settlement } from '../provider/data-provider.ts'
import type { Logger } from '../provider/context.ts'
import type { Clock } from '../provider/environment.ts'
import type { StateOp } from '../provider/state-store.ts'
import { baseRowKey, CURSOR_KEY, mutationKey } from '../state/keys.ts'
import { readMutation } from '../state/records.ts'
import type { LeaderState } from '../state/leader-state.ts'
import { backoffMs, waitMs, type BackoffOptions } from '../upload/backoff.ts'
import { blameOf } from '../upload/failure.ts'
import type { HostPause } from '../upload/host-pause.ts'
import type { Json } from '../wire/json.ts'
import type { MutationId, RowWire } from '../wire/mutation-wire.ts'
import { CommittedRows } from './committed-rows.ts'
import { claimKeys, overlaidGet, settle, settledOps } from './settle.ts'
import { TableSnapshot, type BaseRows, type RowWrite } from './snapshot.ts'
import type { MutationEvent } from './transition.ts'

export interface ReceiverDeps {
  readonly leader: LeaderState
  readonly connection: DataConnection
  readonly acknowledges: 'server' | 'replica'
  readonly references: References
  readonly base: BaseRows
  readonly knownTables: ReadonlySet<string>
  readonly queue: () => readonly MutationRecord[]
  readonly clock: Clock
  readonly random: () => number
  readonly backoff: BackoffOptions
  readonly streamPause: HostPause
  readonly logger: Logger
  /** A batch was committed. */
  readonly onBatch: (batch: ChangeBatch) => void
  readonly onFailure: (error: unknown) => void
}

const EVENTS: { readonly [as in Settlement['as']]: MutationEvent } = { contained: 'contained', confirmed: 'confirmed', rejected: 'rejected' }

/** Takes what the other side sends: rows, cursor and the removal of the writes they contain, one commit a batch. */
export class Receiver {
  readonly #deps: ReceiverDeps
  readonly #snapshots: Map<string, TableSnapshot> = new Map()
  readonly #base: CommittedRows
  /** While a table is being sent anew: told only when its rows are, for the rows are what they speak of. */
  #heldSettlements: Settlement[] = []
  #heldCursor: Json | undefined
  readonly #again: Wake = new Wake()
  #failures = 0

  constructor(deps: ReceiverDeps) {
    this.#deps = deps
    this.#base = new CommittedRows(deps.base)
  }

  /** The picture shows this row now. */
  caughtUp(table: string, rowId: string, row: RowWire | undefined): void {
    this.#base.seen(table, rowId, row)
  }

  /** Opens a broken stream now, although the other side was away a moment ago. */
  resume(): void {
    this.#again.signal()
  }

  /** Opens the stream again when it breaks, from the last cursor that was committed. */
  run(): Effect.Effect<never, unknown> {
    const stream = attempt((signal) => this.#follow(signal))
    const { backoff, clock, random, logger, onFailure, streamPause: pause } = this.#deps
    const step = Effect.gen({ self: this }, function* () {
      const begun = pause.begin()
      const openedAtMs = clock.monotonicMs()
      const broken = yield* stream
      if (broken === undefined) return yield* Effect.never
      // A stream that outlived its last wait was a good one. One batch does not make it good: then one that always breaks behind
      // its first batch would be opened again and again without a pause.
      const livedMs = clock.monotonicMs() - openedAtMs
      this.#failures = livedMs > backoffMs(this.#failures, backoff, 1) ? 1 : this.#failures + 1
      pause.failed(begun, broken)
      onFailure(broken)
      logger.info('the change stream broke, opening it again', { error: String(broken) })
      this.#again.reset()
      yield* this.#again.wait(Math.max(pause.remainingMs(), waitMs(this.#failures, blameOf(broken).retryAfterMs, backoff, random())))
    })
    return Effect.forever(step)
  }

  /** Answers why the stream broke. State's own failures (a lost lease among them) are thrown. */
  async #follow(signal: AbortSignal): Promise<unknown> {
    this.#snapshots.clear()
    this.#heldSettlements = []
    this.#heldCursor = undefined
    const cursor = await this.#cursor()
    const awaiting = (): ReadonlyMap<MutationId, Json> => this.#awaiting()
    let refused: { readonly error: unknown } | undefined
    try {
      for await (const batch of this.#deps.connection.changes({ cursor, awaiting, signal })) {
        // Caught here, and not around the loop, to know our own failures from the provider's. The break lets it clean up.
        try {
          await this.#take(batch)
        } catch (error) {
          refused = { error }
          break
        }
        this.#deps.streamPause.answered()
      }
    } catch (error) {
      if (refused === undefined) return signal.aborted ? undefined : error
    }
    if (refused !== undefined) throw refused.error
    return signal.aborted ? undefined : new Error('the change stream ended')
  }

  async #cursor(): Promise<Json | undefined> {
    return this.#deps.leader.update([CURSOR_KEY], (get) => ({ ops: [], result: get(CURSOR_KEY) as Json | undefined }), { durability: 'relaxed' })
  }

  #awaiting(): ReadonlyMap<MutationId, Json> {
    const tokens = new Map<MutationId, Json>()
    for (const { id, state } of this.#deps.queue()) if (state.is === 'applied' || state.is === 'handed') tokens.set(id, state.token)
    // Settled for good by a batch that is held: to name them again would ask for the same settlement for ever.
    for (const { id, as } of this.#heldSettlements) if (as !== 'contained' || this.#deps.acknowledges === 'server') tokens.delete(id)
    return tokens
  }

  async #take(batch: ChangeBatch): Promise<void> {
    const { replace } = batch
    if (replace?.phase === 'begin') this.#snapshots.set(replace.table, new TableSnapshot(replace.table))
    const writes = this.#rowWrites(batch.changes)
    if (replace?.phase === 'end') {
      writes.push(...(this.#snapshots.get(replace.table)?.difference(this.#base) ?? []))
      this.#snapshots.delete(replace.table)
    }
    this.#heldSettlements.push(...batch.settled)
    if (batch.cursor !== undefined) this.#heldCursor = batch.cursor
    const whole = this.#snapshots.size === 0
    const settled = whole ? this.#heldSettlements.splice(0) : []
    const cursor = whole ? this.#heldCursor : undefined
    if (whole) this.#heldCursor = undefined
    for (const write of writes) this.#base.committed(write)
    await this.#commit(writes, settled, cursor)
    this.#deps.onBatch(batch)
  }

  #rowWrites(changes: readonly RowChange[]): RowWrite[] {
    const writes = new Map<string, RowWrite>()
    for (const change of changes) {
      const snapshot = this.#snapshots.get(change.table)
      if (!this.#isUsable(change)) continue
      if (snapshot !== undefined) {
        snapshot.take(change)
        continue
      }
      const key = baseRowKey(change.table, change.rowId)
      const before = writes.has(key) ? writes.get(key)?.row : this.#base.get(change.table, change.rowId)
      // Sent again after a later deletion of the row: of half a row nobody could tell that it is half.
      if (change.kind === 'patch' && before === undefined) continue
      writes.set(key, { table: change.table, rowId: change.rowId, row: rowAfter(before, change) })
    }
    return [...writes.values()]
  }

  /** A row that cannot be stored is left out, with a word in the log: one bad row of a server must not stop all others. */
  #isUsable(change: RowChange): boolean {
    try {
      baseRowKey(change.table, change.rowId)
    } catch {
      this.#deps.logger.warn('a row of the data provider has an unusable id and is left out', { table: change.table })
      return false
    }
    return this.#deps.knownTables.has(change.table)
  }

  #commit(writes: readonly RowWrite[], settlements: readonly Settlement[], cursor: Json | undefined): Promise<void> {
    const known = new Map(this.#deps.queue().map((record) => [record.id, record]))
    const touched = settlements.flatMap((settlement) => known.get(settlement.id) ?? [])
    if (writes.length === 0 && touched.length === 0 && cursor === undefined) return Promise.resolve()
    const read = touched.flatMap((record) => [mutationKey(record.seq), ...claimKeys(record)])
    return this.#deps.leader.update([...new Set(read)], (get) => {
      const ops: StateOp[] = writes.map(rowOp)
      for (const { id, as, reason } of settlements) {
        const seen = known.get(id)
        if (seen === undefined) continue
        const now = overlaidGet(get, ops)
        const record = readMutation(now(mutationKey(seen.seq)))
        if (record === undefined) continue
        const data = { acknowledges: this.#deps.acknowledges, reason: { code: reason ?? 'REJECTED', message: 'the server took it back' } }
        ops.push(...settledOps(record, settle(record, EVENTS[as], data), now, this.#deps.references))
      }
      if (cursor !== undefined) ops.push({ put: CURSOR_KEY, value: cursor })
      return { ops, result: undefined }
    }, { durability: 'relaxed' })
  }
}

function rowAfter(before: RowWire | undefined, change: RowChange): RowWire | undefined {
  if (change.kind === 'delete') return undefined
  return change.kind === 'put' ? change.row : { ...before, ...change.columns }
}

function rowOp({ table, rowId, row }: RowWrite): StateOp {
  const key = baseRowKey(table, rowId)
  return row === undefined ? { delete: key } : { put: key, value: row }
}
