import type { ChangeBatch, DataConnection, DataProvider, PushOutcome, RowChange } from './provider/data-provider.ts'
import type { Json } from './wire/json.ts'
import type { MutationId, MutationOp, MutationWire } from './wire/mutation-wire.ts'

interface Pushed {
  readonly id: MutationId
  readonly ops: readonly MutationOp[]
}

/**
 * Rows that stay on this device: what takes the place of a server where a workspace has none. It keeps nothing itself: what a push hands over
 * is the token of the write, so a crash before it became rows loses nothing.
 */
export function localData(): DataProvider {
  return {
    name: 'local',
    capabilities: { conflicts: 'merged', acknowledges: 'replica', startsWith: 'cursor' },
    connect: async () => new LocalConnection(),
  }
}

class LocalConnection implements DataConnection {
  readonly #pushed: Map<MutationId, Pushed> = new Map()
  #wake: () => void = () => undefined
  #isClosed = false

  async *changes({ awaiting, signal }: Parameters<DataConnection['changes']>[0]): AsyncIterable<ChangeBatch> {
    signal.addEventListener('abort', () => this.#wake(), { once: true })
    for (const [id, token] of awaiting()) if (!this.#pushed.has(id)) this.#pushed.set(id, { id, ops: token as unknown as readonly MutationOp[] })
    yield { changes: [], cursor: undefined, settled: [], upToDate: true }
    while (!signal.aborted && !this.#isClosed) {
      const [next] = this.#pushed.values()
      if (next === undefined) await new Promise<void>((resolve) => (this.#wake = resolve))
      else {
        yield { changes: next.ops.map(changeOf), cursor: undefined, settled: [{ id: next.id, as: 'confirmed' }], upToDate: true }
        // Asked for more: it was committed.
        this.#pushed.delete(next.id)
      }
    }
  }

  async push(mutations: readonly MutationWire[]): Promise<readonly PushOutcome[]> {
    for (const { id, ops } of mutations) this.#pushed.set(id, { id, ops })
    this.#wake()
    return mutations.map(({ id, ops }) => ({ id, is: 'applied', token: ops as unknown as Json, durable: 'replica' }))
  }

  async close(): Promise<void> {
    this.#isClosed = true
    this.#wake()
  }
}

/** Inserts and upserts carry whole rows. */
function changeOf({ kind, table, rowId, values }: MutationOp): RowChange {
  if (kind === 'delete') return { kind, table, rowId }
  return kind === 'update' ? { kind: 'patch', table, rowId, columns: values } : { kind: 'put', table, rowId, row: values }
}
