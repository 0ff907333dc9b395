import type { BlobKey, BlobStorage } from '../blob-storage.ts'

/** The same storage; `onStored` hears of each blob that is new in it. */
export function watchedStorage(store: BlobStorage, onStored: (key: BlobKey) => void): BlobStorage {
  return {
    put: async (key, body) => {
      const result = await store.put(key, body)
      onStored(key)
      return result
    },
    head: (key) => store.head(key),
    read: (key, range) => store.read(key, range),
    list: (space, options) => store.list(space, options),
    close: () => store.close(),
  }
}
