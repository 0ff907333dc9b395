import { isPaused } from '../../src/model/paused.ts'
import type { MutationRecord } from '../../src/model/mutation.ts'
import type { StateOp } from '../../src/provider/index.ts'
import { PAUSED_KEY } from '../../src/state/keys.ts'
import { readLedgerEntry, readMutation, readPaused } from '../../src/state/records.ts'
import type { Json } from '../../src/wire/json.ts'
import { parseBlobRef } from '../../src/wire/blob-ref.ts'

type Records = ReadonlyMap<string, unknown>

/** What a commit does that it must not do in the state it finds: told without the engine's own rules of order. */
export function disobeyed(records: Records, ops: readonly StateOp[]): readonly string[] {
  return ops.flatMap((op) => {
    if (!('put' in op)) return []
    if (op.put.startsWith('led/')) return uploadsPaused(records, op.put, op.value)
    const [before, after] = [readMutation(records.get(op.put)), readMutation(op.value)]
    if (!op.put.startsWith('mut/') || before === undefined || after === undefined) return []
    return [...sendsPaused(records, before, after), ...overtakes(records, before, after), ...repeatsConflict(before, after)]
  })
}

/** Whoever was told that an item is held back sees nothing of it leave. */
function sendsPaused(records: Records, before: MutationRecord, after: MutationRecord): readonly string[] {
  const begins = after.state.is === 'pushing' && before.state.is !== 'pushing'
  return begins && isPaused(readPaused(records.get(PAUSED_KEY)), after.id) ? [`${after.id} is paused, and sent`] : []
}

function uploadsPaused(records: Records, key: string, value: unknown): readonly string[] {
  const [before, after] = [readLedgerEntry(records.get(key)), readLedgerEntry(value)]
  if (before === undefined || after === undefined || !isPaused(readPaused(records.get(PAUSED_KEY)), after.hash)) return []
  const begins = Object.entries(after.remotes).some(([id, { state }]) => state === 'uploading' && before.remotes[id]?.state !== 'uploading')
  return begins ? [`${after.hash} is paused, and sent`] : []
}

/** A row goes behind the album that it names, while that is queued before it. */
function overtakes(records: Records, before: MutationRecord, after: MutationRecord): readonly string[] {
  if (after.state.is !== 'pushing' || before.state.is === 'pushing') return []
  const named = new Set(after.ops.flatMap(({ values }) => (typeof values.albumId === 'string' ? [values.albumId] : [])))
  if (named.size === 0) return []
  const waiting = [...records].flatMap(([key, value]) => (key.startsWith('mut/') ? (readMutation(value) ?? []) : []))
  const makes = ({ ops, seq, state }: MutationRecord): boolean => seq < after.seq && state.is !== 'applied' && state.is !== 'handed'
    && ops.some(({ kind, rowId, table }) => table === 'albums' && (kind === 'insert' || kind === 'upsert') && named.has(rowId))
  return waiting.filter(makes).map(({ id }) => `${after.id} is sent before ${id}, which makes the row it names`)
}

/** Whoever wants a write in force after a conflict has seen what the server has. */
function repeatsConflict(before: MutationRecord, after: MutationRecord): readonly string[] {
  if (before.state.is !== 'conflict' || after.state.is !== 'queued') return []
  const { at, current } = before.state
  const op = after.ops[at]
  if (op === undefined || op.previous === null) return op?.kind === 'insert' && current !== null ? [`${after.id} is to make a row that is there`] : []
  const stale = Object.entries(op.previous).some(([column, value]) => plain(value) !== plain(current?.[column]))
  return stale ? [`${after.id} is sent again as if nobody had seen the server's row`] : []
}

function plain(cell: Json | undefined): string {
  return JSON.stringify(parseBlobRef(cell)?.hash ?? cell ?? null)
}
