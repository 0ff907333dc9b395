import { BseError } from '../../src/index.ts'
import type { ChangeBatch, DataConnection, DataProvider, PushOutcome } from '../../src/provider/index.ts'
import type { MutationWire } from '../../src/wire/index.ts'
import type { Random } from '../simulator/random.ts'

/** How likely a request is delivered a second time, later, and how likely its answer is lost. */
export interface Roughness {
  readonly duplicated: number
  readonly lost: number
}

/**
 * A server that applies each mutation id once, behind a network that delivers requests twice, the second time whenever it likes, and loses
 * answers. It counts what it was given and what took effect.
 */
export class RoughServer {
  deliveries = 0
  duplicates = 0
  lostAnswers = 0
  /** Effects of an id beyond its first, and writes of a row that took effect behind a later one. */
  duplicateEffects = 0
  orderBreaks = 0
  readonly effects: Set<string> = new Set()
  readonly #applied: Set<string> = new Set()
  readonly #lastOfRow: Map<string, number> = new Map()
  readonly #late: MutationWire[][] = []
  readonly #log: { readonly id: string; readonly rowId: string; readonly table: string; readonly values: MutationWire['ops'][number]['values'] }[] = []
  readonly #random: Random
  readonly #roughness: Roughness
  #wake: () => void = () => undefined

  constructor(random: Random, roughness: Roughness) {
    this.#random = random
    this.#roughness = roughness
  }

  readonly provider: DataProvider = {
    name: 'rough',
    capabilities: { conflicts: 'reported', acknowledges: 'server', startsWith: 'cursor' },
    connect: async (): Promise<DataConnection> => ({
      changes: ({ cursor, signal }) => this.#changes(typeof cursor === 'number' ? cursor : 0, signal),
      push: async (mutations) => this.#push(mutations),
      close: async () => undefined,
    }),
  }

  value(rowId: string): number | undefined {
    return this.#lastOfRow.get(rowId)
  }

  #push(mutations: readonly MutationWire[]): readonly PushOutcome[] {
    this.#deliver(mutations)
    if (this.#random.chance(this.#roughness.duplicated)) this.#late.push([...mutations])
    // What was sent again arrives now, or long after others.
    while (this.#late.length > 0 && this.#random.chance(0.5)) {
      const again = this.#late.splice(this.#random.int(this.#late.length), 1)[0] ?? []
      this.duplicates += again.length
      this.#deliver(again)
    }
    if (this.#random.chance(this.#roughness.lost)) {
      this.lostAnswers += mutations.length
      throw new BseError('NETWORK', 'rough server: the answer was lost', { status: undefined })
    }
    return mutations.map(({ id }) => ({ id, is: 'applied', token: id, durable: 'server' }))
  }

  #deliver(mutations: readonly MutationWire[]): void {
    for (const mutation of mutations) {
      this.deliveries += 1
      if (this.#applied.has(mutation.id)) continue
      this.#applied.add(mutation.id)
      for (const op of mutation.ops) this.#take(mutation.id, op)
    }
    this.#wake()
  }

  #take(id: string, { table, rowId, values }: MutationWire['ops'][number]): void {
    const effect = `${rowId} ${String(values.count)}`
    if (this.effects.has(effect)) this.duplicateEffects += 1
    this.effects.add(effect)
    const count = Number(values.count)
    if (count <= (this.#lastOfRow.get(rowId) ?? -1)) this.orderBreaks += 1
    this.#lastOfRow.set(rowId, count)
    this.#log.push({ id, table, rowId, values })
  }

  async *#changes(from: number, signal: AbortSignal): AsyncGenerator<ChangeBatch, void, undefined> {
    signal.addEventListener('abort', () => this.#wake(), { once: true })
    for (let position = from; !signal.aborted;) {
      if (position === this.#log.length) {
        await new Promise<void>((resolve) => void (this.#wake = resolve))
        continue
      }
      const entries = this.#log.slice(position)
      position = this.#log.length
      yield {
        changes: entries.map(({ table, rowId, values }) => ({ kind: 'put', table, rowId, row: values })), cursor: position,
        settled: entries.map(({ id }) => ({ id, as: 'contained' as const })), upToDate: true,
      }
    }
  }
}
