import type { StateStore } from '../provider/state-store.ts'
import type { BlobHash } from '../wire/blob-hash.ts'
import { SEND_NOW_KEY } from './keys.ts'
import { readSendNow } from './records.ts'

/** Lets these blobs go, where none goes by itself; `isOwed` are those before that still wait. In state: whichever tab leads, and after a reload. */
export function sendNow(state: StateStore, hashes: readonly BlobHash[], isOwed: (hash: BlobHash) => boolean): Promise<void> {
  return state.update([SEND_NOW_KEY], (get) => {
    const next = new Set([...readSendNow(get(SEND_NOW_KEY))].filter(isOwed))
    for (const hash of hashes) next.add(hash)
    return { ops: [{ put: SEND_NOW_KEY, value: { v: 1, hashes: [...next] } }], result: undefined }
  }, { durability: 'relaxed' })
}
