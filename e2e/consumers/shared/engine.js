import { HocuspocusProvider } from '@hocuspocus/provider'
import { httpBlobs } from '@bse/blob-http'
import { idbCache } from '@bse/cache-idb'
import { opfsCache } from '@bse/cache-opfs'
import { createSyncEngine } from '@bse/core'
import { hocuspocusSync, yjsData } from '@bse/data-yjs'
import { Doc } from 'yjs'

const doc = new Doc()

export const sync = createSyncEngine({
  name: 'consumer',
  schema: { photos: { id: 'uuid', title: 'string', image: { type: 'blob', mimeTypes: ['image/*'] } } },
  cache: { backend: [opfsCache(), idbCache()] },
  blobs: httpBlobs({ url: '/blobs' }),
  data: yjsData({ doc, sync: () => hocuspocusSync(new HocuspocusProvider({ url: '/sync', name: 'consumer', document: doc })) }),
})
