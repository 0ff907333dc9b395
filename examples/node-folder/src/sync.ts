import { createSyncEngine, type RowOf, type SyncEngine } from '@bse/core'
import { httpBlobs } from '@bse/blob-http'
import { fsCache } from '@bse/cache-fs'
import { hocuspocusSync, yjsData } from '@bse/data-yjs'
import { sqliteState } from '@bse/state-sqlite'
import { HocuspocusProvider } from '@hocuspocus/provider'
import { Doc } from 'yjs'
import { schema } from './schema.ts'

export type Photo = RowOf<typeof schema, 'photos'>
export type Sync = SyncEngine<typeof schema>

export interface DeviceOptions {
  /** Of a `bse-server`, for example `http://127.0.0.1:8787`. */
  readonly server: string
  /** Whose photos; rooms have rows of their own. */
  readonly room: string
  /** What this device keeps: records in SQLite, blobs as files. One process at a time: `ready` of another rejects. */
  readonly directory: string
}

/** The same engine as in a browser, over files. */
export function openSync({ server, room, directory }: DeviceOptions): Sync {
  const doc = new Doc()
  return createSyncEngine({
    name: `node-folder.${room}`,
    schema,
    data: yjsData({ doc, sync: () => hocuspocusSync(new HocuspocusProvider({ url: `${server.replace('http', 'ws')}/sync`, name: room, document: doc })) }),
    blobs: httpBlobs({ url: `${server}/blobs` }),
    cache: { backend: fsCache({ directory }), maxSize: '10GB' },
    state: sqliteState({ directory }),
  })
}
