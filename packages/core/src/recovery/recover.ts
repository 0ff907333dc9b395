import type { CacheManager } from '../cache/manager.ts'
import { remoteOf, withRemote } from '../ledger/entry.ts'
import type { References } from '../ledger/ledger.ts'
import { ledgerOps } from '../ledger/records.ts'
import type { LedgerEntry } from '../model/ledger-entry.ts'
import type { MutationRecord } from '../model/mutation.ts'
import { settle } from '../mutation/settle.ts'
import type { CacheStore } from '../provider/cache-store.ts'
import type { Logger } from '../provider/context.ts'
import type { Locks } from '../provider/environment.ts'
import type { StateOp, StateStore } from '../provider/state-store.ts'
import { ledgerKey, mutationKey, prefixRange, tabKey } from '../state/keys.ts'
import { readLedgerEntry, readMutation } from '../state/records.ts'
import type { LeaderState } from '../state/leader-state.ts'
import { tabLockName } from '../state/tab-record.ts'

export interface RecoverDeps {
  readonly leader: LeaderState
  readonly state: StateStore
  readonly store: CacheStore
  readonly cache: CacheManager
  readonly references: References
  readonly locks: Locks
  readonly namespace: string
  readonly logger: Logger
  /** The ledger entries that have work and the queue, as this tab sees them: nothing else is read. */
  readonly entries: () => Iterable<LedgerEntry>
  readonly queue: () => readonly MutationRecord[]
}

/** What was on its way under an older leader is to be done again. One update, before anything of the new epoch begins. */
export async function adoptWork(deps: RecoverDeps): Promise<void> {
  const hashes = [...deps.entries()].map((entry) => entry.hash)
  const seqs = deps.queue().map((record) => record.seq)
  await deps.leader.update([...hashes.map(ledgerKey), ...seqs.map(mutationKey)], (get) => {
    const ops: StateOp[] = []
    for (const hash of hashes) {
      const entry = readLedgerEntry(get(ledgerKey(hash)))
      if (entry === undefined) continue
      const adopted = adoptEntry(deps, entry)
      if (adopted !== entry) ops.push(...ledgerOps(adopted))
    }
    for (const seq of seqs) {
      const record = readMutation(get(mutationKey(seq)))
      if (record === undefined) continue
      const { record: next } = settle(record, 'newEpoch', { acknowledges: 'server' })
      if (next !== undefined && next !== record) ops.push({ put: mutationKey(seq), value: next })
    }
    return { ops, result: undefined }
  }, { durability: 'relaxed' })
}

function adoptEntry(deps: RecoverDeps, entry: LedgerEntry): LedgerEntry {
  const referenced = deps.references.count(entry.hash) > 0
  return Object.keys(entry.remotes).reduce((next, remoteId) => {
    return remoteOf(next, remoteId).epoch === deps.leader.epoch ? next : withRemote(next, remoteId, 'newEpoch', referenced)
  }, entry)
}

/**
 * Ends what dead tabs left half done with bytes: unclaimed publishes, half evictions, staging. Work of living tabs is told apart
 * by their locks. Runs beside everything else; what fails is tried again at the next start.
 */
export async function tidyBytes(deps: RecoverDeps): Promise<void> {
  const half = [...deps.entries()].filter((entry) => entry.local === 'staged' || entry.local === 'evicting')
  const outcomes = await Promise.allSettled(half.map((entry) => (entry.local === 'staged' ? deps.cache.reclaim(entry.hash) : deps.cache.evict(entry.hash))))
  for (const outcome of outcomes) if (outcome.status === 'rejected') deps.logger.warn('could not tidy a blob', { error: String(outcome.reason) })
  await sweepStaging(deps)
}

/**
 * A tab holds its lock from before it stages until it ends. Its record may be gone before its staging is: taken by a sign-out that
 * the tab had not heard of. So owners are found by both.
 */
async function sweepStaging(deps: RecoverDeps): Promise<void> {
  const recorded = await tabsOnRecord(deps)
  const owners = new Set(recorded)
  await deps.store.sweep((stageId) => owners.add(ownerOf(stageId)).size > 0)
  const dead = new Set<string>()
  for (const tabId of owners) {
    const lock = await deps.locks.acquire(tabLockName(deps.namespace, tabId), { mode: 'exclusive', ifAvailable: true })
    if (lock === undefined) continue
    lock.release()
    dead.add(tabId)
  }
  if (dead.size === 0) return
  await deps.store.sweep((stageId) => !dead.has(ownerOf(stageId)))
  const gone = recorded.filter((tabId) => dead.has(tabId)).map((tabId) => ({ delete: tabKey(tabId) }))
  if (gone.length > 0) await deps.leader.update([], () => ({ ops: gone, result: undefined }), { durability: 'relaxed' })
}

async function tabsOnRecord({ state }: RecoverDeps): Promise<readonly string[]> {
  const tabIds: string[] = []
  for await (const page of state.read(prefixRange(tabKey('')))) tabIds.push(...page.map(({ key }) => key.slice(tabKey('').length)))
  return tabIds
}

function ownerOf(stageId: string): string {
  return stageId.slice(0, stageId.indexOf('-'))
}
