import { createSyncEngine, type RowOf, type SyncEngine } from '@bse/core'
import { opfsCache } from '@bse/cache-opfs'
import { NetworkSwitch } from './engine/network-switch.ts'
import { engineName, placeInUrl } from './engine/room.ts'
import { rows } from './engine/rows.ts'
import { schema } from './engine/schema.ts'
import { blobStore } from './engine/store.ts'
import { switchedBlobs, switchedEnvironment } from './engine/switched.ts'

export type Album = RowOf<typeof schema, 'albums'>
export type Photo = RowOf<typeof schema, 'photos'>
export type Sync = SyncEngine<typeof schema>

export const network: NetworkSwitch = new NetworkSwitch()

const { room } = placeInUrl()

/** The engine of this page. Without the switch, which exists to be played with, three lines would do for data, blobs and cache. */
export const sync: Sync = createSyncEngine({
  name: engineName(room),
  schema,
  data: rows(room, network),
  blobs: switchedBlobs(blobStore(), network),
  cache: { backend: opfsCache() },
  environment: switchedEnvironment(network),
})

// One engine of a name in a page: a changed module cannot open a second one beside it.
import.meta.hot?.dispose(() => location.reload())
