import type { LogEntry } from './shape-log.ts'

interface Message {
  readonly key: string
  readonly value: Readonly<Record<string, string | null>>
  readonly old_value?: Readonly<Record<string, string | null>>
  readonly headers: Readonly<Record<string, unknown>> & { readonly operation: string; readonly txids: readonly number[]; readonly last?: true }
}

/**
 * The same log with fewer updates: of several updates of one row, with no insert or delete of it between, the last stays, and what the others changed
 * is in it. Right for a client at any place: one that has seen the earlier updates gets some values twice. The last entry stays where it is.
 */
export function compacted(entries: readonly LogEntry[]): readonly LogEntry[] {
  const kept: LogEntry[] = []
  /** By key, where its newest update is among those kept. */
  const updates = new Map<string, number>()
  const gone = new Set<number>()
  for (const entry of entries) {
    const message = JSON.parse(entry.message) as Message
    const earlier = updates.get(message.key)
    const isUpdate = message.headers.operation === 'update'
    const merged = isUpdate && earlier !== undefined ? merge(JSON.parse(kept[earlier]?.message ?? '{}') as Message, message) : undefined
    if (merged !== undefined && earlier !== undefined) remove(kept, gone, earlier)
    if (isUpdate) updates.set(message.key, kept.length)
    else updates.delete(message.key)
    kept.push(merged === undefined ? entry : { ...entry, message: JSON.stringify(merged) })
  }
  return kept.filter((_, index) => !gone.has(index))
}

function merge(earlier: Message, later: Message): Message {
  const headers = { ...later.headers, txids: [...new Set([...earlier.headers.txids, ...later.headers.txids])] }
  const value = { ...earlier.value, ...later.value }
  if (later.old_value === undefined) return { ...later, value, headers }
  return { ...later, value, headers, old_value: { ...later.old_value, ...earlier.old_value } }
}

/** What an entry said of its place, the one before it says: where an answer ends, and, in the same transaction, that it was the last. */
function remove(kept: LogEntry[], gone: Set<number>, index: number): void {
  gone.add(index)
  const entry = kept[index]
  let before = index - 1
  while (gone.has(before)) before -= 1
  const previous = kept[before]
  if (entry === undefined || previous === undefined) return
  const isLast = previous.lsn === entry.lsn && (JSON.parse(entry.message) as Message).headers.last === true
  kept[before] = { ...previous, endsChunk: previous.endsChunk || entry.endsChunk, message: isLast ? asLast(previous.message) : previous.message }
}

function asLast(text: string): string {
  const message = JSON.parse(text) as Message
  return JSON.stringify({ ...message, headers: { last: true, ...message.headers } })
}
