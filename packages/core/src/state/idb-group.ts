import { BseError } from '../errors.ts'
import { commitGroup, UnstorableValue, type Attempt, type Member } from './idb-commit.ts'
import type { IdbConnection } from './idb-connection.ts'
import { isConnectionLost, isQuota, isUnexplainedAbort, toBseError } from './idb-faults.ts'
import type { StateDatabase } from './idb-schema.ts'

/** Bounds what one transaction holds in memory when an app writes thousands of records at once. */
const MAX_GROUP = 256
const MAX_ATTEMPTS = 4

/** Updates that come in one tick, or while a transaction is under way, share the next transaction. */
export interface GroupCommit {
  add(member: Member): void
  /** Resolves when nothing waits any more. Never rejects: members hear of their failures themselves. */
  idle(): Promise<void>
}

/** `onCommit` is called after each commit that wrote something, before its members hear of it. */
export function createGroupCommit(connection: IdbConnection, onCommit: () => void): GroupCommit {
  const queue: Member[] = []
  const writerId = crypto.getRandomValues(new Uint32Array(4)).join('-')
  let attempts = 0
  let running: Promise<void> | undefined

  const drain = async (): Promise<void> => {
    // Let the tick end first: what it still adds belongs to the same group.
    await Promise.resolve()
    while (queue.length > 0) await settleGroup(queue.splice(0, MAX_GROUP))
    running = undefined
  }
  const settleGroup = async (group: readonly Member[]): Promise<void> => {
    if (group.length === 0) return
    const failure = await tryCommit(group)
    if (failure === undefined) return
    const { error } = failure
    if (error instanceof UnstorableValue) {
      error.member.reject(new BseError('STORAGE_FAILED', 'state-idb.update: a value cannot be stored', { store: 'idb' }, { cause: error.cause }))
      return settleGroup(group.filter((member) => member !== error.member))
    }
    // One large record must not fail its neighbours: each on its own.
    if (group.length > 1 && (isQuota(error) || isUnexplainedAbort(error))) {
      for (const member of group) await settleGroup([member])
      return
    }
    for (const member of group) member.reject(toBseError(error, 'update'))
  }

  const tryCommit = async (group: readonly Member[]): Promise<{ readonly error: unknown } | undefined> => {
    let earlier: Attempt | undefined
    for (let count = 1; ; count += 1) {
      const attempt: Attempt = { id: `${writerId}/${(attempts += 1)}`, verdicts: [], seq: undefined }
      let db: StateDatabase | undefined
      try {
        db = await connection.use()
        const done = earlier !== undefined && (await wasMade(db, earlier)) ? earlier : attempt
        if (done === attempt) await commitGroup(db, group, attempt)
        if (done.seq !== undefined) onCommit()
        settle(group, done)
        return undefined
      } catch (error) {
        if (attempt.seq !== undefined) earlier = attempt
        if (isConnectionLost(error) || isLoneAbort(group, error)) connection.drop(db)
        else return { error }
        if (count >= MAX_ATTEMPTS) return { error }
      }
    }
  }

  return {
    add(member) {
      queue.push(member)
      running ??= drain()
    },
    idle: async () => running,
  }
}

/** Split already and still aborted: the connection may be the cause, so a new one is tried before it is called the quota. */
function isLoneAbort(group: readonly Member[], error: unknown): boolean {
  return group.length === 1 && isUnexplainedAbort(error)
}

/** The connection was lost around a commit whose end nobody saw: the ring tells whether it was made. */
async function wasMade(db: StateDatabase, attempt: Attempt): Promise<boolean> {
  const record = attempt.seq === undefined ? undefined : await db.get('changes', attempt.seq)
  return record?.attemptId === attempt.id
}

function settle(group: readonly Member[], attempt: Attempt): void {
  for (const [n, member] of group.entries()) {
    const verdict = attempt.verdicts[n]
    if (verdict === undefined) member.reject(new BseError('STORAGE_FAILED', 'state-idb.update: never decided', { store: 'idb' }))
    else if ('thrown' in verdict) member.reject(verdict.thrown)
    else member.resolve(verdict.result)
  }
}
