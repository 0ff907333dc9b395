import type { Page } from '@playwright/test'

const APPLIED = 'prv/m/'

/** Names and sizes of all files in the origin's private file system. */
export async function storedFiles(page: Page): Promise<readonly string[]> {
  return page.evaluate(async () => {
    const found: string[] = []
    const folders = [await navigator.storage.getDirectory()]
    for (let folder = folders.pop(); folder !== undefined; folder = folders.pop()) {
      for await (const entry of folder.values()) {
        if (entry instanceof FileSystemDirectoryHandle) folders.push(entry)
        if (entry instanceof FileSystemFileHandle) found.push(`${entry.name}: ${(await entry.getFile()).size}`)
      }
    }
    return found.sort()
  })
}

export interface StoredRecord {
  readonly key: string
  readonly value: unknown
}

/** The engine's records in IndexedDB whose keys begin so, in the order of their keys. docs/spec/state.md has the keys. */
export async function storedRecords(page: Page, prefix: string): Promise<readonly StoredRecord[]> {
  return page.evaluate(async (wanted) => {
    const done = <Result>(request: IDBRequest<Result>): Promise<Result> =>
      new Promise((resolve, reject) => {
        request.onsuccess = () => resolve(request.result)
        request.onerror = () => reject(request.error ?? new Error('no reason given'))
      })
    const database = await done(indexedDB.open('bse:family-photos'))
    try {
      const records = database.transaction('records').objectStore('records')
      const range = IDBKeyRange.bound(wanted, `${wanted}\x7f`)
      const [keys, values] = await Promise.all([done(records.getAllKeys(range)), done(records.getAll(range))])
      return keys.map((key, at) => ({ key: String(key), value: values[at] as unknown }))
    } finally {
      database.close()
    }
  }, prefix)
}

/** Ids of the writes that the device still owes, in the order of the queue. */
export async function queuedMutations(page: Page): Promise<readonly string[]> {
  return (await storedRecords(page, 'mut/')).map(({ value }) => (value as { readonly id: string }).id)
}

/** Ids of the writes that `@bse/data-yjs` has put into the document, which it does once for each id. */
export async function appliedMutations(page: Page): Promise<readonly string[]> {
  return (await storedRecords(page, APPLIED)).map(({ key }) => key.slice(APPLIED.length))
}
