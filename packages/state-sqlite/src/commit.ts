import { assertStateOps, BseError, CHANGE_RING_COMMITS, namedReader, type Decide, type KeyRange, type StateOp, type UpdateOptions } from '@bse/core/provider'
import { bytesOf, type Database } from './database.ts'

/** One update that waits for its commit. */
export interface Member {
  readonly read: readonly string[]
  readonly decide: Decide<unknown>
  readonly durability: UpdateOptions['durability']
  resolve(result: unknown): void
  reject(error: unknown): void
}

/** What a decision came to. It counts only once the transaction is committed. */
export type Verdict = { readonly result: unknown } | { readonly thrown: unknown }

/** One try to commit a group; filled in on the way, so that a fault at its end leaves word of how far it came. */
export interface Attempt {
  readonly id: string
  verdicts: readonly Verdict[]
}

type Write = { readonly put: string; readonly bytes: Uint8Array } | Exclude<StateOp, { readonly put: string }>

/** Runs all decisions of a group in one transaction, each seeing what those before it wrote. @throws what SQLite says. */
export function commitGroup(db: Database, group: readonly Member[], attempt: Attempt): void {
  db.setDurability(group.some((member) => member.durability === 'strict') ? 'strict' : 'relaxed')
  db.transaction('immediate', () => {
    if (db.isErased()) throw erased('update')
    const keys = new Set<string>()
    const ranges: KeyRange[] = []
    attempt.verdicts = group.map((member) => {
      const decision = decideOne(db, member)
      if ('thrown' in decision) return decision
      for (const op of decision.writes) {
        write(db, op)
        if ('deleteRange' in op) ranges.push({ ...op.deleteRange })
        else keys.add('put' in op ? op.put : op.delete)
      }
      return { result: decision.result }
    })
    if (keys.size > 0 || ranges.length > 0) db.recordChange(attempt.id, { keys: [...keys], ranges }, CHANGE_RING_COMMITS)
  })
}

export function erased(operation: string): BseError {
  return new BseError('CLOSED', `state-sqlite.${operation}: the store was erased`, { what: 'sqlite state' })
}

/** A value that cannot be stored shows here, before any op of the decision is written. */
function decideOne(db: Database, member: Member): { readonly writes: readonly Write[]; readonly result: unknown } | { readonly thrown: unknown } {
  let ops: readonly StateOp[]
  let result: unknown
  // A fault of the disk, met while the decision reads, is nobody's decision: it ends the whole transaction.
  const values = new Map(member.read.map((key) => [key, db.value(key)]))
  try {
    ({ ops, result } = member.decide(namedReader(member.read, (key) => values.get(key), 'state-sqlite')))
    assertStateOps(ops, 'state-sqlite')
  } catch (thrown) {
    return { thrown }
  }
  try {
    return { writes: ops.map(packed), result }
  } catch (cause) {
    return { thrown: new BseError('STORAGE_FAILED', 'state-sqlite.update: a value cannot be stored', { store: 'sqlite' }, { cause }) }
  }
}

function packed(op: StateOp): Write {
  return 'put' in op ? { put: op.put, bytes: bytesOf(op.value) } : op
}

function write(db: Database, op: Write): void {
  if ('put' in op) db.put(op.put, op.bytes)
  else if ('delete' in op) db.delete(op.delete)
  else db.deleteRange(op.deleteRange)
}
