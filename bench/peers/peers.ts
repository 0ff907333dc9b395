// Other libraries on the same work, as they are when nothing is configured.
import { Dexie } from 'dexie'
import localforage from 'localforage'
import PouchDB from 'pouchdb-browser'
import { addRxPlugin, createRxDatabase } from 'rxdb'
import { RxDBAttachmentsPlugin } from 'rxdb/plugins/attachments'
import { getRxStorageDexie } from 'rxdb/plugins/storage-dexie'

addRxPlugin(RxDBAttachmentsPlugin)

/** What stores blobs under new names, and is taken away afterwards. */
export interface Peer {
  put(blobs: readonly Blob[]): Promise<void>
  destroy(): Promise<void>
}

let opened = 0
const newName = (): string => `peer-${Date.now()}-${(opened += 1)}`

async function dexie(): Promise<Peer> {
  const db = new Dexie(newName())
  db.version(1).stores({ blobs: 'id' })
  await db.open()
  return {
    put: async (blobs) => {
      for (const blob of blobs) await db.table('blobs').put({ id: crypto.randomUUID(), blob })
    },
    destroy: () => db.delete(),
  }
}

async function rxdb(): Promise<Peer> {
  const db = await createRxDatabase({ name: newName(), storage: getRxStorageDexie(), multiInstance: false })
  const { photos } = await db.addCollections({
    photos: { schema: { version: 0, primaryKey: 'id', type: 'object', properties: { id: { type: 'string', maxLength: 40 } }, required: ['id'], attachments: {} } },
  })
  return {
    put: async (blobs) => {
      for (const blob of blobs) {
        const row = await photos.insert({ id: crypto.randomUUID() })
        await row.putAttachment({ id: 'image', data: blob, type: 'image/jpeg' })
      }
    },
    destroy: async () => void (await db.remove()),
  }
}

async function pouchdb(): Promise<Peer> {
  const db = new PouchDB(newName())
  return {
    put: async (blobs) => {
      for (const blob of blobs) await db.put({ _id: crypto.randomUUID(), _attachments: { image: { content_type: 'image/jpeg', data: blob } } })
    },
    destroy: () => db.destroy(),
  }
}

async function localForage(): Promise<Peer> {
  const name = newName()
  const store = localforage.createInstance({ name })
  return {
    put: async (blobs) => {
      for (const blob of blobs) await store.setItem(crypto.randomUUID(), blob)
    },
    destroy: () => localforage.dropInstance({ name }),
  }
}

export const peers: Readonly<Record<string, () => Promise<Peer>>> = { Dexie: dexie, 'RxDB attachments': rxdb, 'PouchDB attachments': pouchdb, localForage }
