import type { BlobKey, BlobStorage } from './blob-storage.ts'

/** Whether a blob was here and was collected on purpose. Asked only of blobs that are not here. */
export type WasCollected = (key: BlobKey) => Promise<boolean>

/** The same storage, which tells apart what was collected (410) and what never came (404). Bytes that come again count more than a tombstone. */
export function withTombstones(store: BlobStorage, wasCollected: WasCollected): BlobStorage {
  return {
    put: (key, body) => store.put(key, body),
    read: (key, range) => store.read(key, range),
    list: (space, options) => store.list(space, options),
    close: () => store.close(),
    head: async (key) => {
      const state = await store.head(key)
      return state.is === 'absent' && (await wasCollected(key)) ? { is: 'gone' } : state
    },
  }
}
