import type { LedgerEntry } from '../model/ledger-entry.ts'
import { storedSomewhere, withClaim, withoutClaim, type DurabilityPolicy } from './entry.ts'

/** Owns the claim on bytes that no write brought: those put by hand, and those of peers that a server lacks. The device itself owes them. */
export const ADOPTED = 'adopt'

/** Owed to these remotes. The claim keeps the bytes until one of them has them. */
export function withAdoption(entry: LedgerEntry, policy: DurabilityPolicy, referenced: boolean): LedgerEntry {
  return afterAdoption(withClaim(entry, ADOPTED, policy, referenced), referenced)
}

/** Once a remote has the bytes nothing is lost without the claim; remotes that still want them keep being owed. */
export function afterAdoption(entry: LedgerEntry, referenced: boolean): LedgerEntry {
  return storedSomewhere(entry) ? withoutClaim(entry, ADOPTED, referenced) : entry
}
