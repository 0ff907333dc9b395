import type { StateStore } from '../provider/state-store.ts'
import { ledgerKey } from '../state/keys.ts'
import { readLedgerEntry } from '../state/records.ts'
import type { BlobHash } from '../wire/blob-hash.ts'

export interface AuditDeps {
  readonly state: StateStore
  /** Every blob that is said to be on this device. */
  readonly hashes: () => Promise<readonly BlobHash[]>
  /** Looks whether the file is there, and corrects the record where it is not. */
  readonly recheck: (hash: BlobHash) => Promise<'here' | 'missing'>
}

/** Browsers clear a kind of storage whole: a few files tell whether that has happened. */
const SAMPLE = 4
const CANDIDATES = 64
const AT_A_TIME = 256

/**
 * Finds out that the files were cleared behind the records. A few of them are looked at, which costs nothing; only where one of these is missing
 * is each of them looked for, in the background of everything else. Answers how many were missing.
 */
export async function auditFiles(deps: AuditDeps, signal: AbortSignal): Promise<number> {
  const hashes = await deps.hashes()
  const step = Math.max(1, Math.floor(hashes.length / CANDIDATES))
  const candidates = await filesOf(deps.state, hashes.filter((_, index) => index % step === 0))
  let missing = await recheckAll(deps, candidates.slice(-SAMPLE), signal)
  if (missing === 0) return 0
  for (let at = 0; at < hashes.length; at += AT_A_TIME) {
    missing += await recheckAll(deps, await filesOf(deps.state, hashes.slice(at, at + AT_A_TIME)), signal)
  }
  return missing
}

/** Those whose bytes are a file. */
async function filesOf(state: StateStore, hashes: readonly BlobHash[]): Promise<readonly BlobHash[]> {
  const values = await state.get(hashes.map(ledgerKey))
  return hashes.filter((_, index) => {
    const entry = readLedgerEntry(values[index])
    return entry?.local === 'present' && !entry.inline
  })
}

async function recheckAll({ recheck }: AuditDeps, hashes: readonly BlobHash[], signal: AbortSignal): Promise<number> {
  let missing = 0
  for (const hash of hashes) {
    signal.throwIfAborted()
    if ((await recheck(hash)) === 'missing') missing += 1
  }
  return missing
}
