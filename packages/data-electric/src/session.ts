import type { Requester } from '@bse/core/http'
import { hasCode, type ChangeBatch, type DataContext, type RowChange, type Settlement } from '@bse/core/provider'
import type { Json, MutationId } from '@bse/core/wire'
import { writeCursor, type ShapePlace } from './cursor.ts'
import type { PushToken } from './proof.ts'
import { Settler } from './settler.ts'
import { ShapeReader } from './shape-reader.ts'
import type { TableStep } from './table-log.ts'
import type { TablePlan } from './table-plan.ts'

export interface SessionParts {
  readonly plans: readonly TablePlan[]
  readonly places: Map<string, ShapePlace>
  readonly url: string
  readonly query: Readonly<Record<string, string>>
  readonly requester: Requester
  readonly context: DataContext
  /** Tables that the service refused in an earlier session: it has been told, the others go on. Kept by the connection. */
  readonly refused: Set<string>
}

interface Arrived {
  readonly table: string
  readonly step: TableStep
  readonly taken: () => void
}

/** Rows of a snapshot in one batch. */
const PAGE_ROWS = 1_000
/** Before a stream is asked for a proof that it did not give by itself. Doubles until the last. */
const ASK_AFTER_MS = { first: 500, last: 16_000 }
const REFUSED_AGAIN_AFTER_MS = 60_000

/** One stream of batches out of one shape for each table. */
export class Session {
  readonly #parts: SessionParts
  readonly #stop = new AbortController()
  readonly #signal: AbortSignal
  readonly #settler: Settler
  readonly #readers = new Map<string, ShapeReader>()
  readonly #timers = new Set<() => void>()
  readonly #upToDate = new Set<string>()
  readonly #arrived: Arrived[] = []
  #failure: { readonly error: unknown } | undefined
  #hasPushed = false
  #wake: () => void = () => undefined
  #toldUpToDate = false
  #isAsking = false
  #askAfterMs = ASK_AFTER_MS.first

  constructor(parts: SessionParts, signal: AbortSignal) {
    this.#parts = parts
    this.#signal = AbortSignal.any([signal, this.#stop.signal])
    this.#settler = new Settler(parts.plans.map(({ name }) => name), () => parts.context.clock.monotonicMs())
  }

  /** A push was answered: its rows may have passed already. */
  pushed(id: MutationId, token: PushToken): void {
    this.#settler.add(id, token)
    this.#hasPushed = true
    this.#wake()
  }

  /** @throws what the first stream failed with. */
  async *batches(awaiting: () => ReadonlyMap<MutationId, Json>): AsyncIterable<ChangeBatch> {
    const onAbort = (): void => this.#wake()
    this.#signal.addEventListener('abort', onAbort)
    try {
      for (const plan of this.#parts.plans) this.#read(plan)
      while (!this.#signal.aborted) {
        if (this.#failure !== undefined) throw this.#failure.error
        const next = this.#arrived.shift()
        if (next !== undefined) yield* this.#take(next, awaiting())
        else if (this.#hasPushed) yield* this.#settle(awaiting())
        else await new Promise<void>((resolve) => (this.#wake = resolve))
      }
    } finally {
      this.#signal.removeEventListener('abort', onAbort)
      this.#end()
    }
  }

  #read(plan: TablePlan): void {
    const table = plan.name
    const { context, places, query, requester, url } = this.#parts
    this.#readers.set(table, new ShapeReader({
      plan, url, query, requester,
      place: places.get(table),
      logger: context.logger,
      onStep: (step) => new Promise((taken) => {
        this.#arrived.push({ table, step, taken })
        this.#wake()
      }),
      onFailure: (error) => this.#failed(plan, error),
      signal: this.#signal,
    }))
  }

  #failed(plan: TablePlan, error: unknown): void {
    if (this.#signal.aborted) return
    this.#readers.get(plan.name)?.stop()
    const isForGood = hasCode(error, 'FORBIDDEN') || hasCode(error, 'REJECTED')
    if (isForGood && this.#parts.refused.has(plan.name)) {
      this.#parts.context.logger.warn('data-electric: a table is still refused', { table: plan.name })
      this.#readers.delete(plan.name)
      this.#after(REFUSED_AGAIN_AFTER_MS, () => this.#read(plan))
      return
    }
    if (isForGood) this.#parts.refused.add(plan.name)
    this.#failure ??= { error }
    this.#wake()
  }

  async *#take({ step, table, taken }: Arrived, awaiting: ReadonlyMap<MutationId, Json>): AsyncIterable<ChangeBatch> {
    const { places, plans, refused } = this.#parts
    refused.delete(table)
    if (step.upToDate) this.#upToDate.add(table)
    else this.#upToDate.delete(table)
    const isElsewhere = places.get(table) !== step.place
    places.set(table, step.place)
    this.#settler.progress(table, step, step.upToDate)
    if (step.replaces) yield* snapshotBatches(table, step.changes)
    const batch: ChangeBatch = {
      changes: step.replaces ? [] : step.changes,
      ...(step.replaces ? { replace: { table, phase: 'end' as const } } : {}),
      cursor: isElsewhere ? writeCursor(places, plans) : undefined,
      settled: this.#settled(awaiting),
      upToDate: plans.every(({ name }) => this.#upToDate.has(name) || refused.has(name)),
    }
    if (step.replaces || isElsewhere || batch.changes.length + batch.settled.length > 0 || batch.upToDate !== this.#toldUpToDate) yield batch
    this.#toldUpToDate = batch.upToDate
    taken()
  }

  async *#settle(awaiting: ReadonlyMap<MutationId, Json>): AsyncIterable<ChangeBatch> {
    this.#hasPushed = false
    const settled = this.#settled(awaiting)
    if (settled.length > 0) yield { changes: [], cursor: undefined, settled, upToDate: this.#toldUpToDate }
  }

  #settled(awaiting: ReadonlyMap<MutationId, Json>): readonly Settlement[] {
    const settled = this.#settler.settle(awaiting)
    if (this.#settler.waitingFor().size === 0) this.#askAfterMs = ASK_AFTER_MS.first
    else if (!this.#isAsking) this.#askLater()
    return settled
  }

  /** Rows outside of a shape bring no message: only the next answer says how far the service is, and a quiet one takes its time. */
  #askLater(): void {
    this.#isAsking = true
    this.#after(this.#askAfterMs, () => {
      this.#isAsking = false
      this.#askAfterMs = Math.min(this.#askAfterMs * 2, ASK_AFTER_MS.last)
      const tables = this.#settler.waitingFor()
      for (const table of tables) this.#readers.get(table)?.refresh()
      if (tables.size > 0) this.#askLater()
    })
  }

  #after(delayMs: number, work: () => void): void {
    const cancel = this.#parts.context.clock.timer(delayMs, () => {
      this.#timers.delete(cancel)
      work()
    })
    this.#timers.add(cancel)
  }

  #end(): void {
    this.#stop.abort()
    for (const cancel of this.#timers) cancel()
    for (const reader of this.#readers.values()) reader.stop()
    for (const { taken } of this.#arrived) taken()
  }
}

function* snapshotBatches(table: string, changes: readonly RowChange[]): Iterable<ChangeBatch> {
  const page = (from: number): ChangeBatch => ({ changes: changes.slice(from, from + PAGE_ROWS), cursor: undefined, settled: [], upToDate: false })
  yield { ...page(0), replace: { table, phase: 'begin' } }
  for (let from = PAGE_ROWS; from < changes.length; from += PAGE_ROWS) yield page(from)
}
