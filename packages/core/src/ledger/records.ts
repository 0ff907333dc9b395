import type { LedgerEntry } from '../model/ledger-entry.ts'
import type { StateOp } from '../provider/state-store.ts'
import { ledgerKey, owedKey } from '../state/keys.ts'
import { hasWork } from './entry.ts'

/** The writes that make `entry` the record, with its marker for start-up. */
export function ledgerOps(entry: LedgerEntry): readonly StateOp[] {
  const marker = owedKey(entry.hash)
  return [{ put: ledgerKey(entry.hash), value: entry }, hasWork(entry) ? { put: marker, value: 1 } : { delete: marker }]
}
