import type { StateChange } from '../provider/state-store.ts'
import { SEQ_KEY, type StateDatabase } from './idb-schema.ts'

/** A change with more keys than this is told as a reset: reading in pages is then cheaper than one great answer. */
const MAX_CHANGED_KEYS = 20_000

/**
 * What a watcher that has seen `since` does not know yet; `undefined` when it knows everything. Sequence, change lists and
 * values are read in one transaction, so what was written together is told together.
 */
export async function changesAfter(db: StateDatabase, since: number | undefined): Promise<StateChange | undefined> {
  const tx = db.transaction(['records', 'changes', 'meta'])
  const [change] = await Promise.all([readChange(), tx.done])
  return change

  async function readChange(): Promise<StateChange | undefined> {
    const seq = (await tx.objectStore('meta').get(SEQ_KEY)) ?? 0
    if (since === seq) return undefined
    if (since === undefined || since > seq) return { seq, reset: true }
    const missed = await tx.objectStore('changes').getAll(IDBKeyRange.bound(since, seq, true))
    const keys = [...new Set(missed.flatMap((change) => change.keys))]
    // The ring is too short, or it is another one: the database was made anew in between.
    if (missed.length !== seq - since || keys.length > MAX_CHANGED_KEYS) return { seq, reset: true }
    const records = tx.objectStore('records')
    const entries = await Promise.all(keys.map(async (key) => ({ key, value: await records.get(key) })))
    return { seq, deletedRanges: missed.flatMap((change) => change.ranges), entries }
  }
}
