const ONLY_PRESENT = 'a read that finds nothing is noticed only where the record says `present`'
const NO_AUDIT = 'nothing asks a remote about blobs that this device does not send: there is no audit yet'
const OWN_EPOCH = 'an answer is committed by the leader that asked, or refused with LOST_LEASE; a newer leader asks again'
const REPLICA_ONLY = 'settlements of this kind come from providers with a replica, and find the write `handed` or `pushing`'

/** Cells that some runs of ten thousand visit, each with what has to come together: they are not asked for in fewer. */
export const RARE: ReadonlyMap<string, string> = new Map([
  ['mutation parked contained', 'a write is cancelled while its push is on the way, the server applies it all the same, and the answer is lost'],
  ['mutation parked confirmed', 'a write is cancelled while the replica hands it on, and the word that it was taken comes after that the server has it'],
])

/** Cells that no run can visit yet, each with the reason. A cell that is visited although it is listed here fails the command. */
export const UNREACHED: Readonly<Record<string, string>> = {
  'local staged missing': ONLY_PRESENT,
  'local evicting missing': ONLY_PRESENT,
  'local evicting fetched': 'a large fetch is recorded as staged first, and small blobs are evicted in one step',
  'local lost fetched': 'a large fetch is recorded as staged first; inline bytes are never lost here, for state is not spoilt',
  'local lost claimCommit': 'a write records its bytes as staged first',
  'remote unknown statAbsent': NO_AUDIT,
  'remote cancelling statAbsent': NO_AUDIT,
  'remote stored statAbsent': NO_AUDIT,
  'remote absent claim': NO_AUDIT,
  'remote absent ack': NO_AUDIT,
  'remote absent statStored': NO_AUDIT,
  'remote absent gone': NO_AUDIT,
  'remote absent needsBlobs': NO_AUDIT,
  'remote owed failFinal': 'a failure is noted only of an upload that is under way',
  'remote cancelling failFinal': 'a failure is noted only of an upload that is under way',
  'remote gone ack': 'bytes become `gone` only while no upload of them is under way',
  'mutation queued appliedByServer': OWN_EPOCH,
  'mutation queued appliedByReplica': OWN_EPOCH,
  'mutation queued rejected': OWN_EPOCH,
  'mutation queued conflict': OWN_EPOCH,
  'mutation parked appliedByServer': OWN_EPOCH,
  'mutation parked appliedByReplica': OWN_EPOCH,
  'mutation queued confirmed': REPLICA_ONLY,
  'mutation pushing confirmed': REPLICA_ONLY,
  'mutation discarding confirmed': REPLICA_ONLY,
  'mutation applied confirmed': REPLICA_ONLY,
  'mutation applied rejected': REPLICA_ONLY,
  'mutation conflict confirmed': REPLICA_ONLY,
  'mutation conflict rejected': REPLICA_ONLY,
}
