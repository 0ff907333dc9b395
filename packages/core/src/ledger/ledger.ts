import { newLedgerEntry, type LedgerEntry } from '../model/ledger-entry.ts'
import type { StateStore, UpdateOptions } from '../provider/state-store.ts'
import { ledgerKey } from '../state/keys.ts'
import { ledgerAside, readLedgerEntry, replacing } from '../state/records.ts'
import type { BlobHash } from '../wire/blob-hash.ts'
import { ledgerOps } from './records.ts'

/** What rows say about a blob: computed from memory, never stored, so it cannot drift. */
export interface References {
  /** How many cells of rows, as synced or as shown, name it. */
  count(hash: BlobHash): number
}

export async function readEntry(state: StateStore, hash: BlobHash): Promise<LedgerEntry | undefined> {
  const [value] = await state.get([ledgerKey(hash)])
  return readLedgerEntry(value)
}

/** Changes one entry inside one update; a missing one begins as absent. Answers the entry as it is afterwards. */
export function changeEntry(
  state: StateStore,
  blob: { readonly hash: BlobHash; readonly sizeBytes: number; readonly type: string },
  change: (entry: LedgerEntry) => LedgerEntry,
  options: UpdateOptions,
): Promise<LedgerEntry> {
  const key = ledgerKey(blob.hash)
  return state.update([key], (get) => {
    const stored = get(key)
    const before = readLedgerEntry(stored) ?? newLedgerEntry(blob.hash, blob.sizeBytes, blob.type)
    const after = change(before)
    return { ops: after === before ? [] : [...replacing(key, stored, ledgerAside(stored)), ...ledgerOps(after)], result: after }
  }, options)
}
