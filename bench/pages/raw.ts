/** The limits: nothing but the browser's own storage, as durable as we are. */
const WRITER = `
  onmessage = async ({ data: blobs }) => {
    const root = await (await navigator.storage.getDirectory()).getDirectoryHandle('raw', { create: true })
    for (const blob of blobs) {
      const handle = await (await root.getFileHandle(crypto.randomUUID(), { create: true })).createSyncAccessHandle()
      handle.write(new Uint8Array(await blob.arrayBuffer()), { at: 0 })
      handle.flush()
      handle.close()
    }
    postMessage('done')
  }`

const worker = new Worker(URL.createObjectURL(new Blob([WRITER])))

/** A file each, synced to the disk. */
export function opfsPut(blobs: readonly Blob[]): Promise<void> {
  return new Promise((resolve, reject) => {
    worker.onmessage = () => resolve()
    worker.onerror = reject
    worker.postMessage(blobs)
  })
}

export async function opfsClear(): Promise<void> {
  const root = await navigator.storage.getDirectory()
  await root.removeEntry('raw', { recursive: true }).catch(() => undefined)
}

export function openDatabase(name: string): Promise<IDBDatabase> {
  return new Promise((resolve, reject) => {
    const request = indexedDB.open(name, 1)
    request.onupgradeneeded = () => void request.result.createObjectStore('records')
    request.onsuccess = () => resolve(request.result)
    request.onerror = () => reject(request.error ?? new Error('no database'))
  })
}

/** All of them in one transaction, which is synced to the disk. */
export function putAll(db: IDBDatabase, records: readonly (readonly [string, unknown])[], durability: IDBTransactionDurability = 'strict'): Promise<void> {
  return new Promise((resolve, reject) => {
    const transaction = db.transaction('records', 'readwrite', { durability })
    const store = transaction.objectStore('records')
    for (const [key, value] of records) store.put(value, key)
    transaction.oncomplete = () => resolve()
    transaction.onabort = () => reject(transaction.error ?? new Error('aborted'))
  })
}

export function getAll(db: IDBDatabase): Promise<readonly unknown[]> {
  return new Promise((resolve, reject) => {
    const request = db.transaction('records').objectStore('records').getAll()
    request.onsuccess = () => resolve(request.result as readonly unknown[])
    request.onerror = () => reject(request.error ?? new Error('no records'))
  })
}

export function destroy(db: IDBDatabase): Promise<void> {
  db.close()
  return new Promise((resolve) => {
    const request = indexedDB.deleteDatabase(db.name)
    request.onsuccess = () => resolve()
    request.onerror = () => resolve()
    request.onblocked = () => resolve()
  })
}
