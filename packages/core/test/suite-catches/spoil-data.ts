import type { ChangeBatch, DataConnection, DataContext, RowChange } from '../../src/provider/index.ts'
import type { Json, MutationId, MutationOp, RowWire } from '../../src/wire/index.ts'

export type Push = DataConnection['push']
export type ChangesOptions = Parameters<DataConnection['changes']>[0]

export interface Opening {
  readonly context: DataContext
  /** How many connections the devices of the case had before this one. */
  readonly before: number
}

/** Breaks one connection of one device; what it leaves out works as it did. */
export type Spoil = (connection: DataConnection, opening: Opening) => Partial<DataConnection>

export interface BatchPlace {
  /** Of the session, from 0. */
  readonly batch: number
  /** Of the connection, from 0. */
  readonly session: number
  readonly cursor: Json | undefined
}

/** Changes batches on their way, or drops them. */
export function onBatches(change: (batch: ChangeBatch, place: BatchPlace) => ChangeBatch | undefined): Spoil {
  return (connection) => {
    let sessions = 0
    return {
      async *changes(options) {
        const session = sessions++
        let batches = 0
        for await (const batch of connection.changes(options)) {
          const changed = change(batch, { batch: batches++, session, cursor: options.cursor })
          if (changed !== undefined) yield changed
        }
      },
    }
  }
}

export function onChanges(change: (change: RowChange) => RowChange | undefined): Spoil {
  return onBatches((batch) => ({ ...batch, changes: batch.changes.flatMap((each) => change(each) ?? []) }))
}

export function onRows(change: (row: RowWire) => RowWire): Spoil {
  return onChanges((each) => (each.kind === 'put' ? { ...each, row: change(each.row) } : each))
}

export function onValues(change: (value: Json, column: string) => Json): Spoil {
  return onRows((row) => Object.fromEntries(Object.entries(row).map(([column, value]) => [column, change(value, column)])))
}

export function withoutDeletions(batch: ChangeBatch): ChangeBatch {
  return { ...batch, changes: batch.changes.filter(({ kind }) => kind !== 'delete') }
}

/** A session that begins at the end of the log: the first batch holds what came before. */
export function blindStart(when: (place: BatchPlace) => boolean): Spoil {
  return onBatches((batch, place) => (place.batch === 0 && when(place) ? { ...batch, changes: [] } : batch))
}

export function onPush(change: (push: Push) => Push): Spoil {
  return (connection) => ({ push: change((mutations, options) => connection.push(mutations, options)) })
}

export function onOps(change: (op: MutationOp) => MutationOp): Spoil {
  return onPush((push) => (mutations, options) => push(mutations.map(({ id, ops }) => ({ id, ops: ops.map(change) })), options))
}

/** Answers as if a server had them, though nothing was sent. */
export function claimed(mutations: Parameters<Push>[0]): Awaited<ReturnType<Push>> {
  return mutations.map(({ id }) => ({ id, is: 'applied', token: 0, durable: 'server' }))
}

/** What was applied counts as applied by a replica only. */
export function replicated(push: Push, from: number): Push {
  let pushes = 0
  return async (mutations, options) => {
    const isTurn = pushes++ >= from
    const outcomes = await push(mutations, options)
    return outcomes.map((outcome) => (isTurn && outcome.is === 'applied' ? { ...outcome, durable: 'replica' } : outcome))
  }
}

/** The server knows the mutations by other names, so it cannot tell a repeated one. */
export function underOtherIds(connection: DataConnection, rename: (id: MutationId) => string): Partial<DataConnection> {
  const originals = new Map<string, MutationId>()
  const original = <T extends { readonly id: MutationId }>(named: T): T => ({ ...named, id: originals.get(named.id) ?? named.id })
  return {
    async *changes(options) {
      for await (const batch of connection.changes(options)) yield { ...batch, settled: batch.settled.map(original) }
    },
    async push(mutations, options) {
      const renamed = mutations.map((mutation) => ({ ...mutation, id: rename(mutation.id) }))
      for (const [at, { id }] of renamed.entries()) originals.set(id, mutations[at]?.id ?? '')
      return (await connection.push(renamed, options)).map(original)
    },
  }
}

export function rowsLate(connection: DataConnection): Partial<DataConnection> {
  return {
    async *changes(options: ChangesOptions) {
      for await (const batch of connection.changes(options)) {
        yield { ...batch, changes: [], cursor: undefined }
        yield { ...batch, settled: [] }
      }
    },
  }
}

export function throwingAtEnd(connection: DataConnection): Partial<DataConnection> {
  return {
    async *changes(options: ChangesOptions) {
      yield* connection.changes(options)
      options.signal.throwIfAborted()
    },
  }
}

export function openAfterClose(connection: DataConnection): Partial<DataConnection> {
  return {
    async *changes(options: ChangesOptions) {
      yield* connection.changes(options)
      if (!options.signal.aborted) await new Promise<void>((resolve) => options.signal.addEventListener('abort', () => resolve()))
    },
  }
}
