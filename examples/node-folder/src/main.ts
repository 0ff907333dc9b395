import { join, resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { addPhotos } from './add-photos.ts'
import { savePhotos } from './save-photos.ts'
import { openSync } from './sync.ts'

const { values } = parseArgs({
  options: {
    server: { type: 'string', default: 'http://127.0.0.1:8787' },
    room: { type: 'string', default: 'family' },
    folder: { type: 'string', default: 'family-photos' },
  },
})
const folder = resolve(values.folder)
const sync = openSync({ server: values.server, room: values.room, directory: join(folder, '.bse') })
sync.on('syncError', ({ error }) => console.error(String(error)))
const ending = new AbortController()
for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, () => ending.abort())

await sync.ready
console.log(`syncing ${folder} with ${values.server}`)
try {
  await Promise.all([addPhotos(sync, join(folder, 'add'), ending.signal), savePhotos(sync, join(folder, 'photos'), ending.signal)])
} catch (error) {
  if (!ending.signal.aborted) throw error
} finally {
  await sync.close()
}
