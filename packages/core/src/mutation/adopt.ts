import type { Ingested } from '../cache/ingest.ts'
import { BseError } from '../errors.ts'
import { withAdoption, withAdoptionAnew } from '../ledger/adoption.ts'
import { ledgerOps } from '../ledger/records.ts'
import type { StateOp } from '../provider/state-store.ts'
import { bytesKey, ledgerKey, SIGN_OUT_KEY } from '../state/keys.ts'
import { ledgerAside, readLedgerEntry, replacing } from '../state/records.ts'
import { withBytes, type EnqueueDeps } from './enqueue.ts'

export interface AdoptDeps extends EnqueueDeps {
  /** Servers collect what no row names, so what one of them had may be gone. */
  readonly serversCollect: boolean
}

/** Bytes without a write: ledger, claim and inline bytes in ONE strict update, from which on they survive a crash and are owed to every remote. */
export function adoptBytes(deps: AdoptDeps, blob: Ingested): Promise<void> {
  const key = ledgerKey(blob.hash)
  return deps.state.update([SIGN_OUT_KEY, key], (get) => {
    if (get(SIGN_OUT_KEY) !== undefined) throw new BseError('SIGNED_OUT', 'core: the person has signed out', {})
    const stored = get(key)
    const referenced = deps.references.count(blob.hash) > 0
    const here = withBytes(readLedgerEntry(stored), blob, referenced)
    const entry = (deps.serversCollect ? withAdoptionAnew : withAdoption)(here, deps.policy, referenced)
    const bytes: StateOp[] = blob.inlineBytes !== undefined && entry.inline ? [{ put: bytesKey(blob.hash), value: blob.inlineBytes }] : []
    return { ops: [...replacing(key, stored, ledgerAside(stored)), ...ledgerOps(entry), ...bytes], result: undefined }
  }, { durability: 'strict' })
}
