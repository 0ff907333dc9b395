import type { ChangeBatch, DataConnection, DataProvider, DataStorage, RowChange, Settlement } from '../../src/provider/index.ts'
import type { Clock } from '../../src/provider/index.ts'
import type { MutationOp, MutationWire, RowWire } from '../../src/wire/mutation-wire.ts'
import { authorizedWire } from './sim-auth.ts'
import type { Wire } from './sim-providers.ts'
import type { SimServer } from './sim-server.ts'

const TABLES = ['albums', 'photos']
const AGAIN_MS = 700

/** Rows in a replica on the device, as with Yjs: it takes writes at once, and brings them to the server by itself. */
export function simReplica(server: SimServer, wire: Wire): DataProvider {
  return {
    name: 'fake-replica',
    capabilities: { conflicts: 'merged', acknowledges: 'replica', startsWith: 'snapshot' },
    connect: async (context) => {
      const { storage, clock } = context
      const way = authorizedWire(wire, context, server.tokens)
      await way.call('connect', async () => undefined)
      const replica = new Replica(server, way, storage, clock)
      await replica.load()
      return replica
    },
  }
}

/** What the engine has not been told yet. */
interface News {
  readonly ops: readonly Pick<MutationOp, 'table' | 'rowId'>[]
  readonly settled: readonly Settlement[]
}

class Replica implements DataConnection {
  /** Taken by the replica and not by the server yet, in order. */
  readonly #outbox: Map<string, MutationWire> = new Map()
  /** The last word of the server on each write that has left the outbox. */
  readonly #answers: Map<string, Settlement> = new Map()
  readonly #news: News[] = []
  readonly #closing: AbortController = new AbortController()
  readonly #server: SimServer
  readonly #wire: Wire
  readonly #storage: DataStorage
  readonly #clock: Clock
  #wake: () => void = () => undefined
  #places = 0
  #isSending = false

  constructor(server: SimServer, wire: Wire, storage: DataStorage, clock: Clock) {
    this.#server = server
    this.#wire = wire
    this.#storage = storage
    this.#clock = clock
  }

  async load(): Promise<void> {
    for await (const page of this.#storage.list('out/')) {
      for (const { key, value } of page) {
        this.#places = Number(key.slice('out/'.length))
        this.#outbox.set(key, value as MutationWire)
      }
    }
    for await (const page of this.#storage.list('answer/')) {
      for (const { value } of page) this.#answers.set((value as Settlement).id, value as Settlement)
    }
  }

  async push(mutations: readonly MutationWire[]): ReturnType<DataConnection['push']> {
    const taken = new Set([...this.#outbox.values()].map(({ id }) => id))
    const fresh = mutations.filter(({ id }) => !taken.has(id)).map((mutation) => [`out/${String((this.#places += 1)).padStart(8, '0')}`, mutation] as const)
    await this.#storage.write(fresh.map(([put, value]) => ({ put, value })), { durability: 'strict' })
    for (const [key, mutation] of fresh) {
      this.#outbox.set(key, mutation)
      this.#tell({ ops: mutation.ops, settled: [{ id: mutation.id, as: 'contained' }] })
    }
    void this.#send()
    return mutations.map(({ id }) => ({ id, is: 'applied', token: null, durable: 'replica' }))
  }

  async *changes({ awaiting, signal }: Parameters<DataConnection['changes']>[0]): AsyncGenerator<ChangeBatch, void, undefined> {
    this.#news.length = 0
    let position = this.#server.remote.log.length
    const ids = new Set([...this.#outbox.values()].map(({ id }) => id))
    // What has left the outbox was answered; the engine may have died before it heard of it.
    const answered = [...awaiting().keys()].filter((id) => !ids.has(id)).map((id) => this.#answers.get(id) ?? { id, as: 'confirmed' as const })
    for (const table of TABLES) yield* this.#snapshot(table)
    yield batch([], [...[...ids].map((id) => ({ id, as: 'contained' as const })), ...answered])
    void this.#send()
    while (!signal.aborted) {
      const next = this.#news.shift()
      const log = this.#server.remote.log.slice(position)
      position += log.length
      const touched = [...log.map(({ change }) => change), ...(next?.ops ?? [])]
      if (touched.length + (next?.settled.length ?? 0) > 0) yield batch(touched.map((op) => this.#row(op)), next?.settled ?? [])
      else await this.#moved(position, signal)
    }
  }

  async close(): Promise<void> {
    this.#closing.abort(new Error('closed'))
  }

  *#snapshot(table: string): Generator<ChangeBatch> {
    const rows = [...this.#server.remote.rows.keys()].filter((key) => key.startsWith(`${table}/`)).map((key) => key.slice(table.length + 1))
    const ours = [...this.#outbox.values()].flatMap(({ ops }) => ops).filter((op) => op.table === table).map((op) => op.rowId)
    yield { ...batch([], []), replace: { table, phase: 'begin' } }
    const changes = [...new Set([...rows, ...ours])].map((rowId) => this.#row({ table, rowId })).filter((change) => change.kind === 'put')
    yield { ...batch(changes, []), replace: { table, phase: 'end' } }
  }

  /** As the server has it, with what is on its way laid over it. */
  #row({ table, rowId }: Pick<MutationOp, 'table' | 'rowId'>): RowChange {
    let row: RowWire | undefined = this.#server.remote.row(table, rowId)
    for (const { ops } of this.#outbox.values()) {
      for (const op of ops) {
        if (op.table !== table || op.rowId !== rowId) continue
        if (op.kind === 'delete') row = undefined
        else if (op.kind !== 'update' || row !== undefined) row = { ...row, ...op.values }
      }
    }
    return row === undefined ? { kind: 'delete', table, rowId } : { kind: 'put', table, rowId, row }
  }

  /** Brings the outbox to the server, one after the other, for as long as it takes. */
  async #send(): Promise<void> {
    if (this.#isSending) return
    this.#isSending = true
    for (let next = this.#first(); next !== undefined && !this.#closing.signal.aborted; next = this.#first()) {
      const [key, mutation] = next
      try {
        const outcome = await this.#wire.call('sync', async () => this.#server.take(mutation), this.#closing.signal)
        const settled: Settlement = outcome.is === 'applied' ? { id: mutation.id, as: 'confirmed' } : { id: mutation.id, as: 'rejected', reason: outcome.is === 'rejected' ? outcome.code : 'BLOB_MISSING' }
        await this.#storage.write([{ delete: key }, { put: `answer/${mutation.id}`, value: settled }], { durability: 'strict' })
        this.#outbox.delete(key)
        this.#answers.set(mutation.id, settled)
        this.#tell({ ops: mutation.ops, settled: [settled] })
      } catch {
        // The network, or a lost lease: then this connection is about to be closed.
        await new Promise<void>((resolve) => void this.#clock.timer(AGAIN_MS, resolve))
      }
    }
    this.#isSending = false
  }

  #first(): [string, MutationWire] | undefined {
    const [first] = this.#outbox
    return first
  }

  #tell(news: News): void {
    this.#news.push(news)
    this.#wake()
  }

  async #moved(position: number, signal: AbortSignal): Promise<void> {
    const heard = new AbortController()
    const told = new Promise<void>((resolve) => {
      this.#wake = resolve
    })
    await Promise.race([told, this.#server.remote.grown(position, AbortSignal.any([signal, heard.signal]))])
    heard.abort()
  }
}

function batch(changes: readonly RowChange[], settled: readonly Settlement[]): ChangeBatch {
  return { changes, cursor: undefined, settled, upToDate: true }
}
