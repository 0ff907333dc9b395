import type { StateChange } from '@bse/core/provider'
import type { Database } from './database.ts'

/** A change with more keys than this is told as a reset: reading in pages is then cheaper than one great answer. */
const MAX_CHANGED_KEYS = 20_000

/** What a watcher that has seen `since` does not know yet, as one snapshot; `undefined` when it knows everything. */
export function changesAfter(db: Database, since: number | undefined): StateChange | undefined {
  return db.transaction('deferred', () => {
    const seq = db.seq()
    if (since === seq) return undefined
    if (since === undefined || since > seq) return { seq, reset: true }
    const missed = db.changesAfter(since)
    const keys = [...new Set(missed.flatMap((change) => change.keys))]
    // The ring is too short, or it is another one: the database was made anew in between.
    if (missed.length !== seq - since || keys.length > MAX_CHANGED_KEYS) return { seq, reset: true }
    return { seq, deletedRanges: missed.flatMap((change) => change.ranges), entries: keys.map((key) => ({ key, value: db.value(key) })) }
  })
}
