// G2, G3: adding blobs. G4: what the person waits for. G5: showing what is here.
import type { Group } from '../lib/measure.ts'
import { peers } from '../peers/peers.ts'
import { freshBlobs, timed } from './bytes.ts'
import { withEngine } from './engine.ts'
import { destroy, getAll, openDatabase, opfsClear, opfsPut, putAll } from './raw.ts'

const KB = 1_000
const MB = 1_000_000

interface Size {
  readonly name: string
  readonly sizeBytes: number
  readonly count: number
}

function sizesOf(quick: boolean): readonly Size[] {
  const small = [{ name: 'add 20 KB', sizeBytes: 20 * KB, count: quick ? 50 : 200 }, { name: 'add 1 MB', sizeBytes: MB, count: quick ? 8 : 20 }]
  const large = [{ name: 'add 10 MB', sizeBytes: 10 * MB, count: 3 }, { name: 'add 100 MB', sizeBytes: 100 * MB, count: 1 }]
  return quick ? small : [...small, ...large]
}

const OURS = 'this engine'
const RAW_OPFS = 'raw OPFS, a file each'
const RAW_IDB = 'raw IndexedDB, one transaction'
const HASH = 'crypto.subtle alone'

async function putOurs(blobs: readonly Blob[], oneByOne: boolean): Promise<number> {
  return withEngine((sync) => timed(async () => {
    const add = (image: Blob): Promise<unknown> => sync.photos.insert({ title: 'a photo', image })
    if (!oneByOne) await Promise.all(blobs.map(add))
    else for (const blob of blobs) await add(blob)
  }))
}

async function put(contender: string, blobs: readonly Blob[]): Promise<number> {
  if (contender.startsWith(OURS)) return putOurs(blobs, contender.endsWith('one by one'))
  if (contender === HASH) return timed(async () => {
    for (const blob of blobs) await crypto.subtle.digest('SHA-256', await blob.arrayBuffer())
  })
  if (contender === RAW_OPFS) {
    const ms = await timed(() => opfsPut(blobs))
    await opfsClear()
    return ms
  }
  if (contender === RAW_IDB) {
    const db = await openDatabase(`raw-${crypto.randomUUID()}`)
    const ms = await timed(async () => putAll(db, await Promise.all(blobs.map(async (blob) => [crypto.randomUUID(), await blob.arrayBuffer()] as const))))
    await destroy(db)
    return ms
  }
  const peer = await peers[contender]?.()
  const ms = await timed(async () => peer?.put(blobs))
  await peer?.destroy()
  return ms
}

function addGroup({ name, sizeBytes, count }: Size): Group {
  const goals = {
    'add 20 KB': [
      { id: 'G3', of: OURS, against: [RAW_IDB], atLeast: 0.7 }, { id: 'G3', of: OURS, against: ['RxDB attachments'], atLeast: 3 }, { id: 'G3', of: OURS, against: ['PouchDB attachments'], atLeast: 3 },
    ],
    'add 1 MB': [
      { id: 'G2', of: OURS, against: [RAW_OPFS, HASH], atLeast: 0.85 }, { id: 'G2', of: OURS, against: ['RxDB attachments'], atLeast: 3 },
      { id: 'G2', of: OURS, against: ['PouchDB attachments'], atLeast: 10 },
    ],
  }[name] ?? []
  const contenders = [OURS, `${OURS}, one by one`, RAW_OPFS, RAW_IDB, HASH, ...(sizeBytes > 10 * MB ? ['Dexie', 'localForage'] : Object.keys(peers))]
  return { name, amount: sizeBytes < MB ? count : (sizeBytes * count) / MB, unit: sizeBytes < MB ? 'blobs' : 'MB', contenders, goals }
}

const IMPORTED_BYTES = 100 * KB

/** The longest time for which nothing else could run in this thread, while photos come in. */
async function longestTask(count: number): Promise<number> {
  const blobs = await freshBlobs(count, IMPORTED_BYTES)
  return withEngine(async (sync) => {
    let [longest, isOver, last] = [0, false, performance.now()]
    const channel = new MessageChannel()
    channel.port1.onmessage = () => {
      const now = performance.now()
      longest = Math.max(longest, now - last)
      last = now
      if (!isOver) channel.port2.postMessage('')
    }
    channel.port2.postMessage('')
    await Promise.all(blobs.map((image) => sync.photos.insert({ title: 'imported', image })))
    isOver = true
    return longest
  })
}

/** Until the row can be read and its picture has a URL, with nothing stored yet. */
async function shownAfter(sizeBytes: number): Promise<number> {
  const [blob] = await freshBlobs(1, sizeBytes)
  return withEngine(async (sync) => {
    const live = sync.photos.where({}).live({ includeBlobs: ['image'] })
    const shown = Promise.withResolvers<number>()
    let start = Infinity
    const end = live.subscribe(() => {
      if (live.getSnapshot().data.length > 0) shown.resolve(performance.now() - start)
    })
    await new Promise((resolve) => setTimeout(resolve, 50))
    start = performance.now()
    const write = sync.photos.insert({ title: 'shown', image: blob ?? new Blob() })
    const ms = await shown.promise
    await write
    end()
    return ms
  })
}

const THUMBNAILS = 300
const READS = 50

async function readOurs(count: number, sizeBytes: number, together: boolean): Promise<number> {
  const blobs = await freshBlobs(count, sizeBytes)
  return withEngine(async (sync) => {
    const rows = await Promise.all(blobs.map((image) => sync.photos.insert({ title: 'kept', image })))
    const url = async ({ image }: (typeof rows)[number]): Promise<void> => {
      const blob = image === undefined || image === null ? null : await sync.blobs.get(image)
      if (blob !== null) URL.revokeObjectURL(URL.createObjectURL(blob))
    }
    // The first read of a session verifies: what is measured is every later one.
    for (const row of rows) await url(row)
    return timed(async () => {
      if (together) await Promise.all(rows.map(url))
      else for (const row of rows) await url(row)
    })
  })
}

async function readRawFiles(count: number, sizeBytes: number): Promise<number> {
  await opfsPut(await freshBlobs(count, sizeBytes))
  const folder = await (await navigator.storage.getDirectory()).getDirectoryHandle('raw')
  const names: string[] = []
  for await (const name of folder.keys()) names.push(name)
  const ms = await timed(async () => {
    for (const name of names) URL.revokeObjectURL(URL.createObjectURL(await (await folder.getFileHandle(name)).getFile()))
  })
  await opfsClear()
  return ms
}

async function readRawRecords(count: number, sizeBytes: number): Promise<number> {
  const db = await openDatabase(`raw-${crypto.randomUUID()}`)
  const blobs = await freshBlobs(count, sizeBytes)
  await putAll(db, await Promise.all(blobs.map(async (blob) => [crypto.randomUUID(), await blob.arrayBuffer()] as const)))
  const ms = await timed(async () => {
    for (const bytes of await getAll(db)) URL.revokeObjectURL(URL.createObjectURL(new Blob([bytes as ArrayBuffer])))
  })
  await destroy(db)
  return ms
}

const IMPORT = 'import photos of 100 KB: the longest task'
const SHOWN = 'insert: the row is shown with its URL'
const CACHED = `URLs of ${READS} cached blobs of 1 MB`
const THUMBS = `${THUMBNAILS} thumbnails of 8 KB`

export const bench = {
  groups: (quick: boolean): readonly Group[] => [
    ...sizesOf(quick).map(addGroup),
    { name: SHOWN, contenders: ['1 MB', '100 MB'], goals: [{ id: 'G4', of: '1 MB', atMost: 1 }, { id: 'G4', of: '100 MB', atMost: 1 }] },
    { name: IMPORT, contenders: [OURS], goals: [{ id: 'G4', of: OURS, atMost: 16 }] },
    { name: CACHED, contenders: [OURS, 'raw getFile'], goals: [{ id: 'G5', of: OURS, against: ['raw getFile'], atMost: 1.3 }] },
    { name: THUMBS, contenders: [OURS, 'raw getAll'], goals: [{ id: 'G5', of: OURS, against: ['raw getAll'], atMost: 1.5 }] },
  ],
  run: async (group: string, contender: string, quick: boolean): Promise<number> => {
    if (group === IMPORT) return longestTask(quick ? 100 : 1_000)
    if (group === SHOWN) return shownAfter(contender === '1 MB' ? MB : 100 * MB)
    if (group === CACHED) return contender === OURS ? readOurs(READS, MB, false) : readRawFiles(READS, MB)
    if (group === THUMBS) return contender === OURS ? readOurs(THUMBNAILS, 8 * KB, true) : readRawRecords(THUMBNAILS, 8 * KB)
    const size = sizesOf(quick).find(({ name }) => name === group)
    return put(contender, await freshBlobs(size?.count ?? 0, size?.sizeBytes ?? 0))
  },
}

Object.assign(globalThis, { bench })
