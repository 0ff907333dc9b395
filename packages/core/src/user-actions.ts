import { BseError } from './errors.ts'
import { withRemote } from './ledger/entry.ts'
import type { References } from './ledger/ledger.ts'
import { ledgerOps } from './ledger/records.ts'
import type { MutationRecord } from './model/mutation.ts'
import { DISCARDED_KEY, withDiscarded } from './mutation/discarded.ts'
import { claimKeys, settle, settledOps } from './mutation/settle.ts'
import type { StateStore } from './provider/state-store.ts'
import { CANCELLED } from './upload/select.ts'
import { ledgerKey, mutationKey } from './state/keys.ts'
import { readLedgerEntry, readMutation } from './state/records.ts'
import type { BlobHash } from './wire/blob-hash.ts'

export interface ActionDeps {
  readonly state: StateStore
  readonly references: References
  readonly remoteId: string
}

/** A parked upload is owed again, with all of its attempts before it. From any tab; the leader sees it in state. */
export function retryUpload(deps: ActionDeps, hash: BlobHash): Promise<void> {
  const key = ledgerKey(hash)
  return deps.state.update([key], (get) => {
    const entry = readLedgerEntry(get(key))
    if (entry === undefined) throw new BseError('NOT_FOUND', 'core.offline.retry: nothing of this id is pending', { what: 'blob', id: hash })
    const referenced = deps.references.count(hash) > 0
    const retried = Object.keys(entry.remotes).reduce((next, remoteId) => withRemote(next, remoteId, 'retry', referenced), entry)
    return { ops: ledgerOps(retried), result: undefined }
  }, { durability: 'strict' })
}

const GIVEN_UP = { code: CANCELLED, message: 'given up by the person' }

/** Stops the transfer of a blob. Its rows wait until somebody retries the blob or discards them. */
export function cancelUpload(deps: ActionDeps, hash: BlobHash): Promise<void> {
  const key = ledgerKey(hash)
  return deps.state.update([key], (get) => {
    const entry = readLedgerEntry(get(key))
    if (entry === undefined) throw new BseError('NOT_FOUND', 'core.offline.cancel: nothing of this id is pending', { what: 'blob', id: hash })
    const referenced = deps.references.count(hash) > 0
    const after = Object.keys(entry.remotes).reduce((next, remoteId) => withRemote(next, remoteId, 'userCancel', referenced, { reason: GIVEN_UP }), entry)
    return { ops: after === entry ? [] : ledgerOps(after), result: undefined }
  }, { durability: 'strict' })
}

/** Parks a write that is not on its way yet. @throws BseError `REJECTED` when it is. */
export function cancelMutation(deps: ActionDeps, seen: MutationRecord): Promise<void> {
  const key = mutationKey(seen.seq)
  return deps.state.update([key], (get) => {
    const record = readMutation(get(key))
    if (record === undefined) return { ops: [], result: undefined }
    const { record: after = record } = settle(record, 'userCancel', { acknowledges: 'server', reason: GIVEN_UP })
    if (after.state.is !== 'parked') {
      throw new BseError('REJECTED', 'core.offline.cancel: the write is on its way, or with the server', { status: undefined, reason: record.state.is })
    }
    return { ops: after === record ? [] : [{ put: key, value: after }], result: undefined }
  }, { durability: 'strict' })
}

export function retryMutation(deps: ActionDeps, seen: MutationRecord): Promise<void> {
  return act(deps, seen, 'userRetry')
}

/** Takes a queued write back. @throws BseError `REJECTED` when the server has it already: then write the opposite. */
export function discardMutation(deps: ActionDeps, seen: MutationRecord): Promise<void> {
  return act(deps, seen, 'userDiscard')
}

function act(deps: ActionDeps, seen: MutationRecord, event: 'userRetry' | 'userDiscard'): Promise<void> {
  const key = mutationKey(seen.seq)
  return deps.state.update([key, DISCARDED_KEY, ...claimKeys(seen)], (get) => {
    const record = readMutation(get(key))
    if (record === undefined) return { ops: [], result: undefined }
    const epoch = record.state.is === 'pushing' ? record.state.epoch : 0
    const settled = settle(record, event, { epoch, acknowledges: 'server' })
    if (settled.refused) throw new BseError('REJECTED', 'core.offline.discard: the server has it already', { status: undefined, reason: 'applied' })
    const ops = [...settledOps(record, settled, get, deps.references)]
    if (settled.discarded) ops.push({ put: DISCARDED_KEY, value: withDiscarded(get(DISCARDED_KEY), record.id) })
    return { ops, result: undefined }
  }, { durability: 'strict' })
}

/** Makes every write that waits for a time due at once. */
export function hurryMutations({ state }: ActionDeps, seqs: readonly number[]): Promise<void> {
  if (seqs.length === 0) return Promise.resolve()
  return state.update(seqs.map(mutationKey), (get) => ({
    ops: seqs.flatMap((seq) => {
      const record = readMutation(get(mutationKey(seq)))
      return record?.state.is !== 'queued' || record.nextAtMs === 0 ? [] : [{ put: mutationKey(seq), value: { ...record, nextAtMs: 0 } }]
    }),
    result: undefined,
  }), { durability: 'relaxed' })
}

/** Makes every upload that waits for a time due at once: the network may be back. Attempts stay counted. */
export function hurryUploads(deps: ActionDeps, hashes: readonly BlobHash[]): Promise<void> {
  if (hashes.length === 0) return Promise.resolve()
  return deps.state.update(hashes.map(ledgerKey), (get) => {
    const ops = hashes.flatMap((hash) => {
      const entry = readLedgerEntry(get(ledgerKey(hash)))
      const waiting = Object.entries(entry?.remotes ?? {}).filter(([, remote]) => remote.state === 'owed' && remote.nextAtMs > 0)
      if (entry === undefined || waiting.length === 0) return []
      const due = Object.fromEntries(waiting.map(([remoteId, remote]) => [remoteId, { ...remote, nextAtMs: 0 }]))
      return ledgerOps({ ...entry, remotes: { ...entry.remotes, ...due } })
    })
    return { ops, result: undefined }
  }, { durability: 'relaxed' })
}
