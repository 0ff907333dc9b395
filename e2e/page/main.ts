import { httpBlobs } from '@bse/blob-http'
import { opfsCache } from '@bse/cache-opfs'
import { createSyncEngine } from '@bse/core'
import { hocuspocusSync, yjsData } from '@bse/data-yjs'
import { HocuspocusProvider } from '@hocuspocus/provider'
import { Doc } from 'yjs'

/** An app that shows nothing of what it keeps: the memory that it takes is the engine's. Photos cannot tell, for they are decoded. */
const doc = new Doc()
const sync = createSyncEngine({
  name: 'files',
  schema: { files: { id: 'uuid', name: 'string', content: { type: 'blob', maxSize: '1GB' } } },
  cache: { backend: opfsCache() },
  blobs: httpBlobs({ url: '/blobs' }),
  data: yjsData({ doc, sync: () => hocuspocusSync(new HocuspocusProvider({ url: new URL('/sync', location.href).href.replace('http', 'ws'), name: 'files', document: doc })) }),
})

const [input, pending, stored] = [document.querySelector('input'), document.querySelector('output'), document.querySelector('ul')]
if (input === null || pending === null || stored === null) throw new Error('the page has lost its elements')

input.addEventListener('change', () => {
  for (const file of input.files ?? []) void add(file)
})

async function add(file: File): Promise<void> {
  const row = await sync.files.insert({ name: file.name, content: file })
  const line = document.createElement('li')
  line.textContent = row.content.hash
  stored?.append(line)
}

await sync.ready
const show = (): void => {
  pending.value = String(sync.status.getSnapshot().pending.length)
}
sync.status.subscribe(show)
show()
