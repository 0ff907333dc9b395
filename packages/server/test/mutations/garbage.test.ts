import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest'
import type { BlobHash, RowWire } from '@bse/core/wire'
import { startPostgres, type RunningPostgres } from '../../../../scripts/services/postgres.ts'
import { createBlobHandler, withTombstones, type CollectableStorage } from '../../src/index.ts'
import { collectGarbage, tombstonesIn, type GarbageOptions, type GarbageReport, type SqlDatabase } from '../../src/mutations/index.ts'
import { directoryStorage } from '../../src/node.ts'
import { randomBlob, temporaryDirectory } from '../support/test-server.ts'
import { databases, onPostgres, session, type TestDatabase } from './support/databases.ts'
import { insert, PHOTOS, pusher, remove, schema, update, type Pusher } from './support/pushing.ts'

let postgres: RunningPostgres
beforeAll(async () => {
  postgres = await startPostgres()
}, 60_000)
afterAll(() => postgres.stop())

const HOUR_MS = 3_600_000
const space = 'default'

interface World extends Pusher {
  readonly db: TestDatabase
  readonly store: CollectableStorage
  upload(): Promise<BlobHash>
  collect(options?: Partial<GarbageOptions>): Promise<GarbageReport>
  /** As if every mark and note had been made so much earlier. */
  pass(timeMs: number): Promise<void>
  status(hash: BlobHash): Promise<number>
}

async function world(db: TestDatabase): Promise<World> {
  const store = directoryStorage(await temporaryDirectory())
  onTestFinished(() => store.close())
  const blobs = createBlobHandler({ store: withTombstones(store, tombstonesIn(db.database)), authorize: () => ({ space }) })
  const pushing = await pusher(db, { blobs: store })
  const kept = new Map<BlobHash, Uint8Array<ArrayBuffer>>()
  return {
    ...pushing,
    db,
    store,
    upload: async () => {
      const { bytes, hash } = await randomBlob(100)
      kept.set(hash, bytes)
      await store.put({ space, hash }, new Blob([bytes]).stream())
      return hash
    },
    collect: (options = {}) => collectGarbage({ database: db.database, store, schema, casing: 'snake', graceMs: HOUR_MS, ...options }),
    pass: (timeMs) => db.run(`update bse_mutations.garbage set since = since - interval '${timeMs} ms'`),
    status: async (hash) => (await blobs(new Request(`http://127.0.0.1/blobs/${hash}`))).status,
  }
}

function image(hash: BlobHash): RowWire {
  return { title: 'a', image: { hash, sizeBytes: 100, type: 'image/png' } }
}

describe.each(databases(() => postgres.url))('garbage, with rows on %s', (_, open) => {
  // X-004 X-008
  it('goes when no row has named it for the grace, and is told apart from what never came', async () => {
    const { collect, db, one, pass, status, upload } = await world(await open(PHOTOS))
    const [shared, single, never] = [await upload(), await upload(), (await randomBlob(5)).hash]
    await one(insert('p1', image(shared)), insert('p2', image(shared)), insert('p3', image(single)))
    expect(await collect()).toMatchObject({ objects: 2, sizeBytes: 200, referenced: 2, waiting: 0, collected: 0 })
    await one(remove('p1'), remove('p3'))
    expect(await collect()).toMatchObject({ referenced: 1, waiting: 1, collected: 0 })
    await pass(HOUR_MS)
    expect(await collect({ dryRun: true })).toMatchObject({ referenced: 1, collected: 1, collectedBytes: 100 })
    expect(await status(single)).toBe(200)
    expect(await collect()).toMatchObject({ referenced: 1, waiting: 0, collected: 1, collectedBytes: 100, spared: 0, failed: 0 })
    expect([await status(shared), await status(single), await status(never)]).toEqual([200, 410, 404])
    expect(await db.ask("select state || generation from bse_mutations.garbage where state = 'gone'")).toEqual(['gone1'])
    expect(await collect()).toMatchObject({ objects: 1, referenced: 1 })
  })

  it('is what no row names, whoever wrote the rows', async () => {
    const { collect, db, pass, status, upload } = await world(await open(PHOTOS))
    const [kept, replaced, removed, truncated] = [await upload(), await upload(), await upload(), await upload()]
    const ref = (hash: BlobHash): string => `'{"hash": "${hash}"}'`
    await db.run(`insert into photos (id, title, image) values ('p1', 'a', ${ref(replaced)}), ('p2', 'b', ${ref(removed)}), ('p3', 'c', ${ref(truncated)})`)
    expect(await collect()).toMatchObject({ referenced: 3, waiting: 1 })
    await db.run(`update photos set image = ${ref(kept)} where id = 'p1'; delete from photos where id = 'p2'; update photos set id = 'moved' where id = 'p3'`)
    expect(await collect()).toMatchObject({ referenced: 2, waiting: 2 })
    await db.run(`truncate photos; insert into photos (id, title, image) values ('p1', 'a', ${ref(kept)})`)
    await pass(HOUR_MS)
    expect(await collect()).toMatchObject({ collected: 2, waiting: 1 })
    expect([await status(kept), await status(replaced), await status(removed), await status(truncated)]).toEqual([200, 410, 410, 200])
  })

  it('has its whole grace again when a row named it in between', async () => {
    const { collect, one, pass, upload } = await world(await open(PHOTOS))
    const hash = await upload()
    await collect()
    await pass(HOUR_MS)
    await one(insert('p1', image(hash)))
    await one(remove('p1'))
    expect(await collect()).toMatchObject({ waiting: 1, collected: 0 })
  })

  it('that was collected comes back with its bytes', async () => {
    const { collect, one, pass, status, store } = await world(await open(PHOTOS))
    const { bytes, hash } = await randomBlob(100)
    await store.put({ space, hash }, new Blob([bytes]).stream())
    await collect({ graceMs: 0 })
    expect(await one(insert('p1', image(hash)))).toMatchObject({ is: 'needs-blobs', hashes: [hash] })
    await store.put({ space, hash }, new Blob([bytes]).stream())
    expect(await one(insert('p1', image(hash)))).toMatchObject({ is: 'applied' })
    await pass(HOUR_MS)
    expect(await collect({ graceMs: 0 })).toMatchObject({ referenced: 1, collected: 0 })
    expect(await status(hash)).toBe(200)
  })

  it('is told to wait for, by a row that names it while it is being removed', async () => {
    const { collect, one, store, upload } = await world(await open(PHOTOS))
    const hash = await upload()
    const during: unknown[] = []
    const removing: CollectableStorage = { ...bound(store), delete: async (key) => {
      during.push(await one(insert('p1', image(hash))))
      await store.delete(key)
    } }
    expect(await collect({ graceMs: 0, store: removing })).toMatchObject({ collected: 1 })
    expect(during).toMatchObject([{ is: 'retry' }])
    expect(await one(insert('p1', image(hash)))).toMatchObject({ is: 'needs-blobs' })
  })

  it('is spared by a row that names it between the look and the mark', async () => {
    const { collect, db, one, status, upload } = await world(await open(PHOTOS))
    const hash = await upload()
    await collect()
    let calls = 0
    const meddling: SqlDatabase = { query: db.database.query, transaction: async (work) => {
      // Those before prepare the database.
      calls += 1
      if (calls === 2) expect(await one(insert('p1', image(hash)))).toMatchObject({ is: 'applied' })
      return db.database.transaction(work)
    } }
    expect(await collect({ graceMs: 0, database: meddling })).toMatchObject({ collected: 0, spared: 1 })
    expect(calls).toBe(2)
    expect(await status(hash)).toBe(200)
  })

  it('that could not be removed is kept from rows until the mark is old, and then from nobody', async () => {
    const { collect, one, pass, status, store, upload } = await world(await open(PHOTOS))
    const [named, other] = [await upload(), await upload()]
    const broken: CollectableStorage = { ...bound(store), delete: () => Promise.reject(new Error('no answer')) }
    expect(await collect({ graceMs: 0, store: broken })).toMatchObject({ collected: 0, failed: 2 })
    expect(await one(insert('p1', image(named)))).toMatchObject({ is: 'retry' })
    await pass(HOUR_MS)
    expect(await one(insert('p1', image(named)))).toMatchObject({ is: 'applied' })
    expect(await collect()).toMatchObject({ referenced: 1, collected: 1 })
    expect([await status(named), await status(other)]).toEqual([200, 410])
  })

  it('of a collector that died after the removal is gone all the same', async () => {
    const { collect, db, pass, status, store, upload } = await world(await open(PHOTOS))
    const hash = await upload()
    const dying: CollectableStorage = { ...bound(store), delete: async (key) => {
      await store.delete(key)
      throw new Error('killed')
    } }
    await collect({ graceMs: 0, store: dying })
    expect(await status(hash)).toBe(410)
    await pass(HOUR_MS)
    await collect()
    expect(await db.ask('select state from bse_mutations.garbage')).toEqual(['gone'])
  })

  it('is not what a row names that the index does not know', async () => {
    const { collect, db, one, status, upload } = await world(await open(PHOTOS))
    const hash = await upload()
    await one(insert('p1', image(hash)))
    await db.run('delete from bse_mutations.reference')
    expect(await collect({ graceMs: 0 })).toMatchObject({ collected: 0, spared: 1 })
    expect(await status(hash)).toBe(200)
  })

  it('is nothing where no table is followed, and writes stop where a followed column is gone', async () => {
    const { collect, db, upload } = await world(await open('create table notes (id text primary key, n int)'))
    await upload()
    await expect(collect({ graceMs: 0 })).rejects.toThrow('everything would be garbage')
    const renamed = await world(await open(PHOTOS))
    await db.run('alter table photos rename column image to picture')
    await expect(db.run("insert into photos (id, title) values ('p1', 'a')")).rejects.toThrow('column image')
    await pusher(renamed.db, { tables: { photos: { columns: { image: 'picture' } } } })
    await db.run(`insert into photos (id, title, picture) values ('p1', 'a', '{"hash": "sha256:${'e'.repeat(64)}"}')`)
    expect(await db.ask('select "column" from bse_mutations.reference')).toEqual(['picture'])
  })
})

/** Its methods, for an object that has some of its own. */
function bound(store: CollectableStorage): CollectableStorage {
  return {
    put: (key, body) => store.put(key, body), head: (key) => store.head(key), read: (key, range) => store.read(key, range), list: (name, options) => store.list(name, options),
    spaces: () => store.spaces(), delete: (key) => store.delete(key), close: () => store.close(),
  }
}

describe('garbage and a transaction that is still open', () => {
  const open = onPostgres(() => postgres.url)

  it('is spared while that names it, and kept once that has committed', async () => {
    const { collect, db, status, upload } = await world(await open(PHOTOS))
    const hash = await upload()
    await collect()
    const client = await session(postgres.url)
    await client.query(`begin; insert into photos (id, title, image) values ('p1', 'a', '{"hash": "${hash}"}')`)
    const collecting = collect({ graceMs: 0 })
    await client.query('commit')
    expect(await collecting).toMatchObject({ collected: 0 })
    expect(await status(hash)).toBe(200)
    await client.end()
    expect(await collect({ graceMs: 0 })).toMatchObject({ referenced: 1, collected: 0 })
    expect(await db.ask('select state from bse_mutations.garbage')).toEqual(['kept'])
  })

  it('is removed when that is rolled back', async () => {
    const { collect, status, upload } = await world(await open(PHOTOS))
    const hash = await upload()
    await collect()
    const client = await session(postgres.url)
    await client.query(`begin; insert into photos (id, title, image) values ('p1', 'a', '{"hash": "${hash}"}')`)
    await client.query('rollback')
    await client.end()
    expect(await collect({ graceMs: 0 })).toMatchObject({ collected: 1 })
    expect(await status(hash)).toBe(410)
  })

  it('makes SQL of anybody else try again while it is being removed', async () => {
    const { collect, db, store, upload } = await world(await open(PHOTOS))
    const hash = await upload()
    const errors: unknown[] = []
    const removing: CollectableStorage = { ...bound(store), delete: async (key) => {
      errors.push(await db.run(`insert into photos (id, title, image) values ('p1', 'a', '{"hash": "${hash}"}')`).catch((error: unknown) => (error as { readonly code?: string }).code))
      await store.delete(key)
    } }
    expect(await collect({ graceMs: 0, store: removing })).toMatchObject({ collected: 1 })
    expect(errors).toEqual(['40001'])
  })

  it('is never removed under a row, however writers and collectors meet', async () => {
    const { collect, db, one, store } = await world(await open(PHOTOS))
    const blobs = await Promise.all(Array.from({ length: 6 }, () => randomBlob(100)))
    let isDone = false
    const collectors = [1, 2].map(async () => {
      while (!isDone) await collect({ graceMs: 0 })
    })
    const writers = blobs.map(async ({ bytes, hash }, n) => {
      const upload = (): Promise<unknown> => store.put({ space, hash }, new Blob([bytes]).stream())
      for (let round = 0; round < 4; round++) {
        await upload()
        for (let outcome = await one(insert(`p${n}`, image(hash))); outcome.is !== 'applied'; outcome = await one(insert(`p${n}`, image(hash)))) {
          if (outcome.is === 'needs-blobs') await upload()
          else if (outcome.is !== 'retry') throw new Error(JSON.stringify(outcome))
        }
        expect(await store.head({ space, hash })).toMatchObject({ is: 'stored' })
        if (round < 3) await one(remove(`p${n}`))
        else await one(update(`p${n}`, { title: 'last' }, null))
      }
    })
    await Promise.all(writers).finally(() => {
      isDone = true
    })
    await Promise.all(collectors)
    await collect({ graceMs: 0 })
    for (const { hash } of blobs) expect(await store.head({ space, hash })).toMatchObject({ is: 'stored' })
    expect(await db.ask('select count(*)::text from photos')).toEqual(['6'])
  })
})
