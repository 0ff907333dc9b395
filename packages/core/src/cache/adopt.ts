import { hashBlob } from '../hash/index.ts'
import { withLocal, withRemote } from '../ledger/entry.ts'
import { changeEntry, readEntry } from '../ledger/ledger.ts'
import type { RemoteRef } from '../provider/blob-provider.ts'
import type { FetchDeps } from './fetch.ts'

/**
 * Takes over a file that outlived its record, when its bytes are right: the browser cleared the records and not the files. Answers whether it did. The
 * caller holds the blob's change lock.
 *
 * The remote is asked whether it has the bytes too. While it cannot be, they count as this device's alone, and stay.
 */
export async function adoptFile(deps: FetchDeps, ref: RemoteRef, signal: AbortSignal): Promise<boolean> {
  const before = await readEntry(deps.state, ref.hash)
  if (before !== undefined && before.local !== 'absent') return before.local === 'present'
  const file = await deps.store.get(ref.hash)
  if (file === undefined || !(await holds(file, ref))) return false
  const stored = await isStored(deps, ref, signal)
  await changeEntry(deps.state, { hash: ref.hash, sizeBytes: file.size, type: ref.type }, (entry) => {
    const referenced = deps.references.count(ref.hash) > 0
    const present = { ...withLocal(entry, 'fetched', referenced), inline: false, sizeBytes: file.size }
    return stored ? withRemote(present, deps.remoteId, 'statStored', referenced) : present
  }, { durability: 'relaxed' })
  return true
}

async function holds(file: Blob, { hash }: RemoteRef): Promise<boolean> {
  try {
    return (await hashBlob(file)) === hash
  } catch {
    // A file that cannot be read is as good as none: the bytes are fetched.
    return false
  }
}

async function isStored({ source }: FetchDeps, { hash }: RemoteRef, signal: AbortSignal): Promise<boolean> {
  try {
    const [answer] = await source.stat([hash], { signal })
    return answer?.is === 'stored'
  } catch {
    signal.throwIfAborted()
    // No answer is no knowledge.
    return false
  }
}
