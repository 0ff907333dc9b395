import { randomUUID } from 'node:crypto'
import { BseError, isBseError } from '@bse/core/provider'
import { commitGroup, type Attempt, type Member, type Verdict } from './commit.ts'
import type { Connection } from './connection.ts'
import { toStorageError } from './sqlite-error.ts'

/** Bounds what one transaction holds in memory when an app writes thousands of records at once. */
const MAX_GROUP = 256

/** Updates that come in one tick, or while a commit is under way, share the next commit. */
export class GroupCommit {
  readonly #connection: Connection
  readonly #onCommit: () => void
  readonly #queue: Member[] = []
  #running: Promise<void> | undefined

  /** `onCommit` is called after each commit, before its members hear of it. */
  constructor(connection: Connection, onCommit: () => void) {
    this.#connection = connection
    this.#onCommit = onCommit
  }

  add(member: Member): void {
    this.#queue.push(member)
    this.#running ??= this.#drain()
  }

  /** Resolves when nothing waits any more. Never rejects: members hear of their failures themselves. */
  async idle(): Promise<void> {
    await this.#running
  }

  async #drain(): Promise<void> {
    // Let the tick end first: what it still adds belongs to the same group.
    await Promise.resolve()
    while (this.#queue.length > 0) await this.#settleGroup(this.#queue.splice(0, MAX_GROUP))
    this.#running = undefined
  }

  async #settleGroup(group: readonly Member[]): Promise<void> {
    try {
      const verdicts = await this.#commit(group)
      this.#onCommit()
      for (const [n, member] of group.entries()) settle(member, verdicts[n])
    } catch (error) {
      // One large record must not fail its neighbours: each on its own.
      if (group.length > 1 && !isBseError(error)) for (const member of group) await this.#settleGroup([member])
      else for (const member of group) member.reject(toStorageError(error, 'update'))
    }
  }

  async #commit(group: readonly Member[]): Promise<readonly Verdict[]> {
    const attempt: Attempt = { id: randomUUID(), verdicts: [] }
    try {
      await this.#connection.run((db) => commitGroup(db, group, attempt))
    } catch (error) {
      if (isBseError(error)) throw error
      this.#connection.drop()
      if (!(await this.#wasMade(attempt))) throw error
    }
    return attempt.verdicts
  }

  /** A commit that failed while it was being synced may be found in the log all the same: then it is made to last, not denied. */
  async #wasMade({ id }: Attempt): Promise<boolean> {
    try {
      return await this.#connection.run((db) => {
        const isThere = db.hasAttempt(id)
        if (isThere) db.checkpoint()
        return isThere
      })
    } catch {
      // The disk is still ill. The caller hears of the first fault.
      this.#connection.drop()
      return false
    }
  }
}

function settle(member: Member, verdict: Verdict | undefined): void {
  if (verdict === undefined) member.reject(new BseError('STORAGE_FAILED', 'state-sqlite.update: never decided', { store: 'sqlite' }))
  else if ('thrown' in verdict) member.reject(verdict.thrown)
  else member.resolve(verdict.result)
}
