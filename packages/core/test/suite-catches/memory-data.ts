import type { ChangeBatch, DataConnection, DataContext, PushOutcome, RowChange } from '../../src/provider/index.ts'
import { dataSuiteTables, type DataHarness, type OpenedData } from '../../src/testing/index.ts'
import { BseError, type Json, type MutationId, type MutationOp, type MutationWire, type RowWire } from '../../src/wire/index.ts'

interface LogEntry {
  readonly id: MutationId
  /** As text, as it would cross a wire: nobody shares an object with the server. */
  readonly changes: string
}

/** A server of rows in memory, the line of each device, and a provider that follows its log from a cursor. */
export class MemoryDataHarness implements DataHarness {
  readonly #server = new Server()
  readonly #lines = new Map<string, Line>()

  async open(_context: DataContext, device: string): Promise<OpenedData> {
    const line = this.#lines.get(device) ?? new Line()
    this.#lines.set(device, line)
    const killed = new AbortController()
    return {
      connection: new MemoryConnection(this.#server, line, killed.signal),
      cut: async () => line.set(true),
      restore: async () => line.set(false),
      kill: async () => killed.abort(new BseError('CLOSED', 'memory: the process has ended', { what: 'connection' })),
    }
  }

  async close(): Promise<void> {}
}

/** Whoever waits is woken by any change; it then looks whether it was meant. */
class Bell {
  readonly #waiting = new Set<() => void>()

  ring(): void {
    for (const wake of this.#waiting) wake()
    this.#waiting.clear()
  }

  rung(signal: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      if (signal.aborted) return resolve()
      this.#waiting.add(resolve)
      signal.addEventListener('abort', () => resolve(), { once: true })
    })
  }
}

class Line {
  readonly bell = new Bell()
  #isCut = false

  set(isCut: boolean): void {
    this.#isCut = isCut
    this.bell.ring()
  }

  assertReachable(): void {
    if (this.#isCut) throw new BseError('NETWORK', 'memory: the line is cut', { status: undefined })
  }
}

class Server {
  readonly bell = new Bell()
  readonly log: LogEntry[] = []
  readonly #rows = new Map<string, RowWire>()
  readonly #applied = new Map<MutationId, number>()

  /** Applies each id once. Gives the length that the log has with it. */
  apply({ id, ops }: MutationWire): number {
    const known = this.#applied.get(id)
    if (known !== undefined) return known
    const changes = ops.flatMap((op) => this.#applyOp(op))
    this.log.push({ id, changes: JSON.stringify(changes) })
    this.#applied.set(id, this.log.length)
    this.bell.ring()
    return this.log.length
  }

  #applyOp({ kind, rowId, table, values }: MutationOp): readonly RowChange[] {
    const key = JSON.stringify([table, rowId])
    const before = this.#rows.get(key)
    if (kind === 'delete') return this.#rows.delete(key) ? [{ kind, table, rowId }] : []
    if (kind === 'update' && before === undefined) return []
    const row = kind === 'insert' ? values : { ...before, ...values }
    this.#rows.set(key, row)
    return [{ kind: 'put', table, rowId, row }]
  }
}

type ChangesOptions = Parameters<DataConnection['changes']>[0]

class MemoryConnection implements DataConnection {
  readonly #server: Server
  readonly #line: Line
  readonly #ending: AbortSignal
  readonly #closing = new AbortController()
  /** What was pushed here and not told as contained yet, with its place in the log. The log may show it before the answer is back. */
  readonly #pushed = new Map<MutationId, number>()

  constructor(server: Server, line: Line, killed: AbortSignal) {
    this.#server = server
    this.#line = line
    this.#ending = AbortSignal.any([killed, this.#closing.signal])
  }

  async *changes({ awaiting, cursor, signal }: ChangesOptions): AsyncIterable<ChangeBatch> {
    const stop = AbortSignal.any([signal, this.#ending])
    let position = typeof cursor === 'number' ? cursor : 0
    let isFirst = true
    while (!stop.aborted) {
      this.#line.assertReachable()
      const news = this.#server.log.slice(position)
      position += news.length
      const changes = news.flatMap((entry) => JSON.parse(entry.changes) as readonly RowChange[])
      const settled = this.#contained(position, awaiting())
      if (isFirst || news.length > 0 || settled.length > 0) {
        yield { changes, cursor: position, settled: settled.map((id) => ({ id, as: 'contained' })), upToDate: true }
      }
      isFirst = false
      if (position === this.#server.log.length) await Promise.race([this.#server.bell.rung(stop), this.#line.bell.rung(stop)])
    }
  }

  async push(mutations: readonly MutationWire[], { signal }: { readonly signal: AbortSignal }): Promise<readonly PushOutcome[]> {
    const stop = AbortSignal.any([signal, this.#ending])
    const sent = JSON.stringify(mutations)
    await this.#travel(stop)
    const outcomes = (JSON.parse(sent) as readonly MutationWire[]).map((mutation): PushOutcome => {
      const isKnown = mutation.ops.every(({ table }) => dataSuiteTables.some(({ name }) => name === table))
      if (!isKnown) return { id: mutation.id, is: 'rejected', code: 'VALIDATION_FAILED' }
      const token = this.#server.apply(mutation)
      this.#pushed.set(mutation.id, token)
      return { id: mutation.id, is: 'applied', token, durable: 'server' }
    })
    this.#server.bell.ring()
    await this.#travel(stop)
    return outcomes
  }

  async close(): Promise<void> {
    if (!this.#closing.signal.aborted) this.#closing.abort(new BseError('CLOSED', 'memory: the connection is closed', { what: 'connection' }))
  }

  /** What the log shows up to here, of this connection's pushes and of those that core still waits for since an earlier one. */
  #contained(position: number, awaiting: ReadonlyMap<MutationId, Json>): readonly MutationId[] {
    const open = [...this.#pushed, ...awaiting].filter(([, token]) => Number(token) <= position).map(([id]) => id)
    for (const id of open) this.#pushed.delete(id)
    return [...new Set(open)]
  }

  async #travel(stop: AbortSignal): Promise<void> {
    stop.throwIfAborted()
    await new Promise((resolve) => setTimeout(resolve))
    stop.throwIfAborted()
    this.#line.assertReachable()
  }
}
