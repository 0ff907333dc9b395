import type { ChangeBatch, DataConnection, DataProvider, PushOutcome, RowChange } from './provider/data-provider.ts'
import type { Json } from './wire/json.ts'
import type { MutationOp, MutationWire } from './wire/mutation-wire.ts'

/** In the place of a data provider where an app has none: rows stay on this device, and no server hears of them. */
export const LOCAL_ROWS: DataProvider = {
  name: 'local',
  capabilities: { conflicts: 'merged', acknowledges: 'server', startsWith: 'cursor' },
  connect: async () => new LocalConnection(),
}

/**
 * Gives every write back as a change of rows. Keeps nothing: the token of a write is what it changes, so a tab that dies between the push and
 * the rows leaves all that the next one needs.
 */
class LocalConnection implements DataConnection {
  readonly #batches: ChangeBatch[] = []
  #wake: () => void = () => undefined
  #closed = false

  async *changes({ awaiting, signal }: Parameters<DataConnection['changes']>[0]): AsyncGenerator<ChangeBatch, void, undefined> {
    for (const [id, token] of awaiting()) yield batchOf(id, token as unknown as readonly RowChange[])
    while (!signal.aborted && !this.#closed) {
      const batch = this.#batches.shift()
      if (batch === undefined) await this.#more(signal)
      else yield batch
    }
  }

  async push(mutations: readonly MutationWire[]): Promise<readonly PushOutcome[]> {
    const outcomes = mutations.map(({ id, ops }): PushOutcome => {
      const changes = ops.map(changeOf)
      this.#batches.push(batchOf(id, changes))
      return { id, is: 'applied', token: changes as unknown as Json, durable: 'server' }
    })
    this.#wake()
    return outcomes
  }

  async close(): Promise<void> {
    this.#closed = true
    this.#wake()
  }

  #more(signal: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      this.#wake = resolve
      signal.addEventListener('abort', () => resolve(), { once: true })
    })
  }
}

function batchOf(id: string, changes: readonly RowChange[]): ChangeBatch {
  return { changes, cursor: undefined, settled: [{ id, as: 'contained' }], upToDate: true }
}

function changeOf({ kind, table, rowId, values }: MutationOp): RowChange {
  if (kind === 'delete') return { kind, table, rowId }
  return kind === 'update' ? { kind: 'patch', table, rowId, columns: values } : { kind: 'put', table, rowId, row: values }
}
