import type { LedgerEntry } from '../model/ledger-entry.ts'
import { storedSomewhere, withClaim, withoutClaim, withRemote, type DurabilityPolicy } from './entry.ts'

/** Owns the claim on bytes that no write brought: those put by hand, and those of peers that a server lacks. The device itself owes them. */
export const ADOPTED = 'adopt'

/** Owed to these remotes. The claim keeps the bytes until one of them has them. */
export function withAdoption(entry: LedgerEntry, policy: DurabilityPolicy, referenced: boolean): LedgerEntry {
  return afterAdoption(withClaim(entry, ADOPTED, policy, referenced), referenced)
}

/**
 * The same where servers collect what no row names: that one of them had the bytes once says nothing about now. They are offered to each again,
 * and the claim stays until one has said so anew.
 */
export function withAdoptionAnew(entry: LedgerEntry, policy: DurabilityPolicy, referenced: boolean): LedgerEntry {
  const claimed = withClaim(entry, ADOPTED, policy, referenced)
  return policy.remoteIds.reduce((next, remoteId) => withRemote(next, remoteId, 'statAbsent', referenced), claimed)
}

/** Once a remote has the bytes nothing is lost without the claim; remotes that still want them keep being owed. */
export function afterAdoption(entry: LedgerEntry, referenced: boolean): LedgerEntry {
  return storedSomewhere(entry) ? withoutClaim(entry, ADOPTED, referenced) : entry
}
