import { unwrap } from 'idb'
import { assertStateOps, CHANGE_RING_COMMITS, namedReader } from '../provider/state-rules.ts'
import type { Decide, KeyRange, StateOp, UpdateOptions } from '../provider/state-store.ts'
import { SEQ_KEY, type ChangeRecord, type StateDatabase } from './idb-schema.ts'

/** One update that waits for its commit. */
export interface Member {
  readonly read: readonly string[]
  readonly decide: Decide<unknown>
  readonly durability: UpdateOptions['durability']
  resolve(result: unknown): void
  reject(error: unknown): void
}

/** What a decision came to. It counts only once the transaction is complete. */
export type Verdict = { readonly result: unknown } | { readonly thrown: unknown }

/** One try to commit a group; filled in on the way, so that a lost connection leaves word of how far it came. */
export interface Attempt {
  readonly id: string
  readonly verdicts: Verdict[]
  /** The commit's sequence number; `undefined` while undecided and when nothing is written. */
  seq: number | undefined
}

/** A value that IndexedDB cannot clone. The rest of the group is to be committed without this member. */
export class UnstorableValue extends Error {
  readonly member: Member
  constructor(member: Member, cause: unknown) {
    super('a value cannot be stored', { cause })
    this.member = member
  }
}

/**
 * Runs all decisions of a group in one readwrite transaction and writes what they answer. Resolves on `complete`, never
 * before: a request that succeeded may still be taken back by the quota.
 *
 * @throws UnstorableValue; else what the transaction was aborted with.
 */
export function commitGroup(database: StateDatabase, group: readonly Member[], attempt: Attempt): Promise<void> {
  const db = unwrap(database)
  return new Promise((resolve, reject) => {
    const durability = group.some((member) => member.durability === 'strict') ? 'strict' : 'relaxed'
    const tx = db.transaction(['records', 'changes', 'meta'], 'readwrite', { durability })
    let fault: unknown
    tx.oncomplete = () => resolve()
    tx.onabort = () => reject(fault ?? tx.error ?? new DOMException('aborted without a reason', 'AbortError'))
    readAll(tx, [...new Set(group.flatMap((member) => member.read))], (seq, records) => {
      try {
        decideAndWrite(tx, group, attempt, seq, records)
      } catch (error) {
        fault = error
        tx.abort()
      }
    })
  })
}

/** Requests of a transaction succeed in order, so the last one tells that all are there. */
function readAll(tx: IDBTransaction, keys: readonly string[], then: (seq: number, records: Map<string, unknown>) => void): void {
  const store = tx.objectStore('records')
  const requests = keys.map((key) => ({ key, request: store.get(key) as IDBRequest<unknown> }))
  const last = tx.objectStore('meta').get(SEQ_KEY) as IDBRequest<number | undefined>
  last.onsuccess = () => then(last.result ?? 0, new Map(requests.map(({ key, request }) => [key, request.result])))
}

function decideAndWrite(tx: IDBTransaction, group: readonly Member[], attempt: Attempt, lastSeq: number, records: Map<string, unknown>): void {
  const touched = { keys: new Set<string>(), ranges: [] as KeyRange[] }
  for (const member of group) {
    const decision = decideOne(member, records)
    attempt.verdicts.push('thrown' in decision ? decision : { result: decision.result })
    if ('thrown' in decision) continue
    for (const op of decision.ops) {
      try {
        writeOp(tx.objectStore('records'), op)
      } catch (error) {
        throw new UnstorableValue(member, error)
      }
      show(records, op)
      if ('deleteRange' in op) touched.ranges.push({ ...op.deleteRange })
      else touched.keys.add('put' in op ? op.put : op.delete)
    }
  }
  if (touched.keys.size === 0 && touched.ranges.length === 0) return
  attempt.seq = lastSeq + 1
  const record: ChangeRecord = { attemptId: attempt.id, keys: [...touched.keys], ranges: touched.ranges }
  tx.objectStore('changes').put(record, attempt.seq)
  tx.objectStore('changes').delete(attempt.seq - CHANGE_RING_COMMITS)
  tx.objectStore('meta').put(attempt.seq, SEQ_KEY)
}

function decideOne(member: Member, records: Map<string, unknown>): { ops: readonly StateOp[]; result: unknown } | { thrown: unknown } {
  try {
    const decision = member.decide(namedReader(member.read, (key) => records.get(key), 'state-idb'))
    assertStateOps(decision.ops, 'state-idb')
    return decision
  } catch (error) {
    return { thrown: error }
  }
}

function writeOp(store: IDBObjectStore, op: StateOp): void {
  if ('put' in op) store.put(op.value, op.put)
  else if ('delete' in op) store.delete(op.delete)
  else if (op.deleteRange.from < op.deleteRange.to) store.delete(IDBKeyRange.bound(op.deleteRange.from, op.deleteRange.to, false, true))
}

/** Lets the next decisions of the group see what this one wrote. */
function show(records: Map<string, unknown>, op: StateOp): void {
  if ('put' in op) records.set(op.put, op.value)
  else if ('delete' in op) records.delete(op.delete)
  else {
    const { from, to } = op.deleteRange
    for (const key of records.keys()) if (key >= from && key < to) records.delete(key)
  }
}
