import {
  blindStart, claimed, onBatches, onChanges, onOps, onPush, onRows, onValues, openAfterClose, replicated, rowsLate, throwingAtEnd, underOtherIds,
  withoutDeletions, type Spoil,
} from './spoil-data.ts'
import type { MutationWire } from '../../src/wire/index.ts'

/** One way for a provider to break a rule, and the case that must notice. */
export interface BrokenData {
  readonly caughtBy: string
  /** Called once for a case; what it gives breaks each connection of the case's devices. */
  spoil(): Spoil
}

const brokenRows: readonly BrokenData[] = [
  { caughtBy: 'carries a row to another device', spoil: () => onChanges(() => undefined) },
  { caughtBy: 'gives a late device the rows that are there', spoil: () => blindStart(({ cursor }) => cursor === undefined) },
  { caughtBy: 'changes only the columns that an update names', spoil: () => onOps((op) => (op.kind === 'update' ? { ...op, values: { position: 0, ...op.values } } : op)) },
  { caughtBy: 'deletes a row on every device', spoil: () => onBatches(withoutDeletions) },
  {
    caughtBy: 'shows a late device no row that was deleted',
    spoil: () => onBatches((batch, place) => (place.batch === 0 ? withoutDeletions(batch) : batch)),
  },
  {
    caughtBy: 'inserts a row anew after its deletion',
    spoil: () => {
      const graves = new Set<string>()
      return onChanges((change) => {
        if (change.kind === 'delete') graves.add(change.rowId)
        return change.kind === 'put' && graves.has(change.rowId) ? undefined : change
      })
    },
  },
  { caughtBy: 'creates or patches by upsert', spoil: () => onOps((op) => (op.kind === 'upsert' ? { ...op, kind: 'insert' } : op)) },
  { caughtBy: 'creates or patches by upsert', spoil: () => onOps((op) => (op.kind === 'upsert' ? { ...op, kind: 'update' } : op)) },
  {
    caughtBy: 'keeps a row apart from its namesake in another table',
    spoil: () => onBatches((batch) => ({
      ...batch,
      changes: [...batch.changes, ...batch.changes.flatMap((change) => (change.kind === 'delete' ? [{ ...change, table: 'albums' }] : []))],
    })),
  },
  { caughtBy: 'keeps rows apart whose ids look alike', spoil: () => onChanges((change) => ({ ...change, rowId: change.rowId.toLowerCase() })) },
  { caughtBy: 'keeps rows apart whose ids look alike', spoil: () => onChanges((change) => ({ ...change, rowId: change.rowId.normalize() })) },
  { caughtBy: 'keeps rows apart whose ids look alike', spoil: () => onChanges((change) => ({ ...change, rowId: change.rowId.split('/')[0] ?? '' })) },
  { caughtBy: 'carries a thousand rows', spoil: () => onBatches((batch) => ({ ...batch, changes: batch.changes.slice(0, 999) })) },
]

const brokenValues: readonly BrokenData[] = [
  { caughtBy: 'keeps the type of every column', spoil: () => onValues((value) => (typeof value === 'number' ? String(value) : value)) },
  { caughtBy: 'keeps the type of every column', spoil: () => onValues((value, column) => (column === 'takenAt' ? String(value).slice(0, 10) : value)) },
  { caughtBy: 'tells apart null, empty text, zero and false', spoil: () => onValues((value) => value || null) },
  { caughtBy: 'keeps a number to the last digit', spoil: () => onValues((value) => (typeof value === 'number' ? Number(value.toPrecision(15)) : value)) },
  { caughtBy: 'keeps naughty strings and deep values', spoil: () => onValues((value, column) => (column === 'meta' ? null : value)) },
  { caughtBy: 'keeps naughty strings and deep values', spoil: () => onValues((value) => (typeof value === 'string' ? value.trim().normalize('NFC') : value)) },
  { caughtBy: 'keeps a long text whole', spoil: () => onValues((value) => (typeof value === 'string' ? value.slice(0, 65_535) : value)) },
  { caughtBy: 'keeps every part of a blob reference', spoil: () => onValues((value, column) => (column === 'image' ? { hash: (value as { hash: string }).hash } : value)) },
  { caughtBy: 'sets a column to null and back', spoil: () => onOps((op) => ({ ...op, values: Object.fromEntries(Object.entries(op.values).filter(([, value]) => value !== null)) })) },
  {
    caughtBy: 'keeps what it took though the caller changes it later',
    spoil: () => {
      const taken: MutationWire[] = []
      const shown = onValues((value, column) => (column === 'meta' ? (taken[0]?.ops[0]?.values.meta ?? null) : value))
      return (connection, opening) => ({
        ...shown(connection, opening),
        push: (mutations, options) => {
          taken.push(...mutations)
          return connection.push(mutations, options)
        },
      })
    },
  },
]

const brokenPushes: readonly BrokenData[] = [
  { caughtBy: 'answers a push of nothing with nothing', spoil: () => onPush((push) => async (mutations, options) => (mutations.length === 0 ? [{ id: '', is: 'retry' }] : push(mutations, options))) },
  { caughtBy: 'answers every mutation of a push in order', spoil: () => onPush((push) => async (mutations, options) => (await push(mutations, options)).toReversed()) },
  { caughtBy: 'applies the mutations of a row in their order', spoil: () => onPush((push) => async (mutations, options) => (await push(mutations.toReversed(), options)).toReversed()) },
  { caughtBy: 'applies all ops of one mutation', spoil: () => onPush((push) => (mutations, options) => push(mutations.map(({ id, ops }) => ({ id, ops: ops.slice(0, 1) })), options)) },
  { caughtBy: 'applies a mutation of five hundred ops', spoil: () => onPush((push) => (mutations, options) => push(mutations.map(({ id, ops }) => ({ id, ops: ops.slice(0, 499) })), options)) },
  { caughtBy: 'applies the ops of one mutation in their order', spoil: () => onPush((push) => (mutations, options) => push(mutations.map(({ id, ops }) => ({ id, ops: ops.toReversed() })), options)) },
  {
    caughtBy: 'applies nothing of a mutation that it refuses',
    spoil: () => onPush((push) => async (mutations, options) => {
      const outcomes = await push(mutations.map(({ id, ops }) => ({ id, ops: ops.filter(({ table }) => table !== 'nowhere') })), options)
      return outcomes.map((outcome, at) => (mutations[at]?.ops.some(({ table }) => table === 'nowhere') ? { id: outcome.id, is: 'rejected', code: 'VALIDATION_FAILED' } : outcome))
    }),
  },
  { caughtBy: 'applies a mutation once though it is pushed twice', spoil: () => (connection) => underOtherIds(connection, () => crypto.randomUUID()) },
  {
    caughtBy: 'applies a mutation once though a crash lost the answer',
    spoil: () => (connection, { before }) => underOtherIds(connection, (id) => `${id} by connection ${before}`),
  },
  { caughtBy: 'rejects an aborted push with the reason itself', spoil: () => onPush((push) => (mutations, options) => push(mutations, options).catch((cause: unknown) => { throw new Error('aborted', { cause }) })) },
  {
    caughtBy: 'takes a push again that was aborted on its way',
    spoil: () => {
      const known = new Set<string>()
      return onPush((push) => async (mutations, options) => {
        const fresh = mutations.filter(({ id }) => !known.has(id))
        for (const { id } of fresh) known.add(id)
        const outcomes = await push(fresh, options)
        return [...outcomes, ...claimed(mutations.filter((mutation) => !fresh.includes(mutation)))]
      })
    },
  },
  { caughtBy: 'takes nothing that no server fences once another tab leads', spoil: () => onPush((push) => replicated(push, 1)) },
]

const brokenSettling: readonly BrokenData[] = [
  { caughtBy: 'settles a mutation as contained exactly once', spoil: () => onBatches((batch) => ({ ...batch, settled: [...batch.settled, ...batch.settled] })) },
  { caughtBy: 'settles a mutation that changes nothing', spoil: () => onBatches((batch) => (batch.changes.length > 0 ? batch : { ...batch, settled: [] })) },
  { caughtBy: 'settles a mutation that changes nothing', spoil: () => onOps((op) => (op.kind === 'update' ? { ...op, kind: 'upsert' } : op)) },
  { caughtBy: 'settles after a restart what was applied before', spoil: () => (connection) => ({ changes: (options) => connection.changes({ ...options, awaiting: () => new Map() }) }) },
  { caughtBy: 'shows the rows no later than it settles them', spoil: () => rowsLate },
  { caughtBy: 'confirms a mutation once the server has it', spoil: () => onPush((push) => replicated(push, 0)) },
  {
    caughtBy: 'confirms nothing while it is cut off',
    spoil: () => onPush((push) => (mutations, options) => push(mutations, options).catch(() => claimed(mutations))),
  },
  {
    caughtBy: 'confirms after a restart what was handed over before',
    spoil: () => (connection, { context: { storage } }) => ({
      push: async (mutations, options) => {
        const keys = mutations.map(({ id }) => `handed/${id}`)
        const known = await storage.get(keys)
        await storage.write(keys.map((put) => ({ put, value: true })), { durability: 'strict' })
        return known.every((mark) => mark === true) ? claimed(mutations) : connection.push(mutations, options)
      },
    }),
  },
  { caughtBy: 'says when nothing more is known to be waiting', spoil: () => onBatches((batch) => ({ ...batch, upToDate: false })) },
]

const brokenSessions: readonly BrokenData[] = [
  { caughtBy: 'catches up after a cut without a restart', spoil: () => blindStart(({ session }) => session > 0) },
  {
    caughtBy: 'goes on after a restart without a loss',
    spoil: () => (connection, opening) => (opening.before < 2 ? {} : blindStart(() => true)(connection, opening)),
  },
  {
    caughtBy: 'learns of a deletion that happened while it was off',
    spoil: () => onBatches((batch, place) => (place.batch === 0 && place.cursor !== undefined ? withoutDeletions(batch) : batch)),
  },
  {
    caughtBy: 'keeps its rows over a reload without a network',
    spoil: () => (connection) => ({
      async *changes(options) {
        yield { changes: [], replace: { table: 'photos', phase: 'begin' }, cursor: 0, settled: [], upToDate: false }
        yield { changes: [], replace: { table: 'photos', phase: 'end' }, cursor: 0, settled: [], upToDate: false }
        yield* connection.changes({ ...options, cursor: undefined })
      },
    }),
  },
  {
    caughtBy: 'never goes back to an older value after a reload',
    spoil: () => (connection) => ({
      async *changes(options) {
        for await (const batch of connection.changes({ ...options, cursor: undefined })) {
          for (const change of batch.changes) yield { ...batch, changes: [change], settled: [] }
          yield { ...batch, changes: [] }
        }
      },
    }),
  },
  { caughtBy: 'goes on in a second session of one connection', spoil: () => blindStart(({ session }) => session > 0) },
  { caughtBy: 'heals rows that are missing or left over when a session begins', spoil: () => blindStart(({ cursor, session }) => session > 0 && cursor === undefined) },
  { caughtBy: 'ends its changes without an error when aborted', spoil: () => throwingAtEnd },
  { caughtBy: 'ends its changes when it closes', spoil: () => openAfterClose },
  { caughtBy: 'closes twice and then refuses to push', spoil: () => () => ({ close: async () => undefined }) },
]

const brokenMerging: readonly BrokenData[] = [
  { caughtBy: 'keeps concurrent edits of different columns', spoil: () => onOps((op) => (op.kind === 'update' ? { ...op, values: { caption: 'old', place: 'old', ...op.values } } : op)) },
  {
    caughtBy: 'agrees on one of two edits of one column',
    spoil: () => (connection, opening) => {
      let own: string | undefined
      return {
        ...onRows((row) => (own === undefined ? row : { ...row, caption: own }))(connection, opening),
        push: (mutations, options) => {
          const caption = mutations[0]?.ops[0]?.values.caption
          if (typeof caption === 'string' && caption !== 'old') own = caption
          return connection.push(mutations, options)
        },
      }
    },
  },
  {
    caughtBy: 'brings three devices to the same rows after random edits',
    spoil: () => {
      let seen = 0
      return onChanges((change) => ((seen += 1) % 10 === 0 ? undefined : change))
    },
  },
]

export const brokenData: readonly BrokenData[] = [
  ...brokenRows, ...brokenValues, ...brokenPushes, ...brokenSettling, ...brokenSessions, ...brokenMerging,
]
