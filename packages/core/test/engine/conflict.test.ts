import { afterEach, describe, expect, expectTypeOf, it, vi } from 'vitest'
import { createSyncEngine, type Conflict, type ConflictResolution, type SyncConflict, type SyncEngineOptions } from '../../src/index.ts'
import { hashBlob } from '../../src/hash/index.ts'
import { FakeRemote, fakeBlobs, fakeData } from '../../src/testing/index.ts'
import { image, newDevice, schema, tabEnvironment, type Device, type TestEngine } from './harness.ts'

type Handler = NonNullable<SyncEngineOptions<typeof schema>['onConflict']>

/** A server whose changes come when a test lets them. */
class HeldRemote extends FakeRemote {
  static readonly all: HeldRemote[] = []
  #gate = Promise.withResolvers<void>()

  constructor() {
    super()
    HeldRemote.all.push(this)
    this.release()
  }

  hold(): void {
    this.#gate = Promise.withResolvers()
  }

  release(): void {
    this.#gate.resolve()
  }

  override async call<T>(name: string, run: () => Promise<T>): Promise<T> {
    if (name === 'changes') await this.#gate.promise
    return super.call(name, run)
  }
}

const open: TestEngine[] = []
afterEach(async () => {
  for (const remote of HeldRemote.all.splice(0)) remote.release()
  await Promise.all(open.splice(0).map((engine) => engine.close()))
})

let engines = 0
function tab(device: Device, remote: HeldRemote, conflictResolution: ConflictResolution, onConflict?: Handler): TestEngine {
  remote.comparesPrevious = true
  const engine = createSyncEngine({
    name: `conflict-${(engines += 1)}`, schema, state: () => device.state('shared'), cache: { backend: () => device.cache('shared'), inlineMaxBytes: 1_000 },
    blobs: fakeBlobs(remote), data: fakeData(remote), environment: tabEnvironment(device), offline: { conflictResolution },
    ...(onConflict === undefined ? {} : { onConflict }),
  })
  open.push(engine)
  return engine
}

/** A photo that this device and somebody else change, neither knowing of the other. Answers the two new images and the local write. */
async function diverge(engine: TestEngine, remote: HeldRemote, change: 'update' | 'delete' = 'update'): Promise<{ id: string; mine: Blob; theirs: Blob; synced: Promise<unknown> }> {
  const [mine, theirs] = [image(9_000, 72), image(9_000, 73)]
  const insert = engine.photos.insert({ title: 'first', image: image(9_000, 71) })
  const { id } = await insert
  await insert.synced
  remote.hold()
  remote.fault = (call) => (call === 'push' ? 'fail-before' : 'pass')
  const hash = await hashBlob(theirs)
  remote.blobs.set(hash, theirs)
  remote.write({ kind: 'update', table: 'photos', rowId: id, values: { title: 'theirs', image: { hash, sizeBytes: 9_000, type: 'image/jpeg' } }, previous: null })
  const write = change === 'update' ? engine.photos.update(id, { title: 'mine', image: mine }) : engine.photos.delete(id)
  await write
  const synced: Promise<unknown> = write.synced
  synced.catch(() => undefined)
  remote.fault = () => 'pass'
  await engine.offline.flush()
  return { id, mine, theirs, synced }
}

const heard = (engine: TestEngine): SyncConflict[] => {
  const seen: SyncConflict[] = []
  engine.on('conflict', (conflict) => seen.push(conflict))
  return seen
}
const calm = (remote: HeldRemote): void => remote.release()
const settled = (engine: TestEngine): Promise<void> => vi.waitFor(async () => expect(await engine.offline.pending()).toEqual([]), { timeout: 5_000 })

describe('last-write-wins', () => {
  // R-064 R-180
  it('puts the person\'s values over the server\'s, tells, and remembers what lost', async () => {
    const remote = new HeldRemote()
    const engine = tab(newDevice(), remote, 'last-write-wins')
    const seen = heard(engine)
    const { id, mine, theirs, synced } = await diverge(engine, remote)
    calm(remote)
    await synced
    expect(remote.row('photos', id)).toMatchObject({ title: 'mine', image: { hash: await hashBlob(mine) } })
    expect(seen).toMatchObject([{ row: { table: 'photos', id }, resolution: 'local', base: { title: 'first' }, local: { title: 'mine' }, remote: { title: 'theirs' } }])
    expect(await engine.offline.superseded()).toMatchObject([{ side: 'remote', rowId: id, column: 'image', ref: { hash: await hashBlob(theirs) } }])
    expect(remote.applied).toHaveLength(2)
  })

  //
  it('leaves a row deleted that somebody else deleted', async () => {
    const remote = new HeldRemote()
    const engine = tab(newDevice(), remote, 'last-write-wins')
    const insert = engine.albums.insert({ title: 'first' })
    const { id } = await insert
    await insert.synced
    remote.hold()
    remote.write({ kind: 'delete', table: 'albums', rowId: id, values: {}, previous: null })
    await engine.albums.update(id, { title: 'mine' })
    await engine.offline.flush()
    calm(remote)
    await settled(engine)
    expect(remote.row('albums', id)).toBeUndefined()
    await vi.waitFor(async () => expect(await engine.albums.get(id)).toBeUndefined())
  })

  it('settles a batch although several of its rows have changed', async () => {
    const remote = new HeldRemote()
    const engine = tab(newDevice(), remote, 'last-write-wins')
    const made = engine.batch(({ albums }) => [albums.insert({ title: 'a' }), albums.insert({ title: 'b' })])
    const ids = await made
    await made.synced
    remote.hold()
    for (const rowId of ids) remote.write({ kind: 'update', table: 'albums', rowId, values: { title: 'theirs' }, previous: null })
    await engine.batch(({ albums }) => ids.forEach((id) => albums.update(id, { title: 'mine' })))
    await engine.offline.flush()
    calm(remote)
    await settled(engine)
    expect(ids.map((id) => remote.row('albums', id)?.title)).toEqual(['mine', 'mine'])
  })
})

describe('server-wins', () => {
  // R-066 R-180
  it('takes the write back, tells whose it was, and keeps its bytes', async () => {
    const remote = new HeldRemote()
    const device = newDevice()
    const engine = tab(device, remote, 'server-wins')
    const seen = heard(engine)
    const { id, mine, theirs, synced } = await diverge(engine, remote)
    await expect(synced).rejects.toMatchObject({ code: 'DISCARDED' })
    calm(remote)
    await engine.offline.flush()
    expect(remote.row('photos', id)).toMatchObject({ title: 'theirs' })
    await vi.waitFor(async () => expect(await engine.photos.get(id)).toMatchObject({ title: 'theirs', image: { hash: await hashBlob(theirs) } }))
    expect(seen).toMatchObject([{ resolution: 'remote', local: { title: 'mine' } }])
    const [loser] = await engine.offline.superseded()
    expect(loser).toMatchObject({ side: 'local', ref: { hash: await hashBlob(mine) } })
    // No row and no write names them; the history does, also in the next session.
    await engine.close()
    const again = tab(device, remote, 'server-wins')
    await again.albums.insert({ title: 'something happens' }).synced
    remote.blobs.delete(await hashBlob(mine))
    expect(await again.blobs.get(loser?.ref ?? 'sha256:').then((blob) => blob?.size)).toBe(9_000)
  })
})

describe('manual', () => {
  // R-065 R-180
  it('gives both sides, with a URL for each of both blobs, and does as it is told', async () => {
    const remote = new HeldRemote()
    const asked: Conflict<typeof schema>[] = []
    const loaded: string[] = []
    const engine = tab(newDevice(), remote, 'manual', async (conflict) => {
      asked.push(conflict)
      for (const side of [conflict.blobs.image?.local, conflict.blobs.image?.remote]) loaded.push(await hashBlob(await (await fetch(side?.url ?? '')).blob()))
      return 'local'
    })
    const seen = heard(engine)
    const { id, mine, theirs, synced } = await diverge(engine, remote)
    calm(remote)
    await synced
    expect(asked).toMatchObject([{ table: 'photos', rowId: id, kind: 'update', base: { title: 'first' }, local: { title: 'mine' }, remote: { title: 'theirs' } }])
    expect(loaded).toEqual([await hashBlob(mine), await hashBlob(theirs)])
    expect(remote.row('photos', id)).toMatchObject({ title: 'mine', image: { hash: await hashBlob(mine) } })
    expect(seen.map(({ resolution }) => resolution)).toEqual(['open', 'local'])
  })

  //
  it('takes the write back for the answer remote', async () => {
    const remote = new HeldRemote()
    const engine = tab(newDevice(), remote, 'manual', async () => 'remote')
    const { id, synced } = await diverge(engine, remote)
    await expect(synced).rejects.toMatchObject({ code: 'DISCARDED' })
    expect(remote.row('photos', id)).toMatchObject({ title: 'theirs' })
    expect(await engine.offline.superseded()).toMatchObject([{ side: 'local' }])
  })

  //
  it('writes what was put together from both sides', async () => {
    const remote = new HeldRemote()
    const engine = tab(newDevice(), remote, 'manual', async ({ blobs }) => ({ title: 'both', image: blobs.image?.remote?.ref }))
    const { id, mine, theirs, synced } = await diverge(engine, remote)
    calm(remote)
    await synced
    expect(remote.row('photos', id)).toMatchObject({ title: 'both', image: { hash: await hashBlob(theirs) } })
    expect(await engine.offline.superseded()).toMatchObject([{ side: 'local', ref: { hash: await hashBlob(mine) } }])
  })

  it('asks about a deletion too, which may become a change', async () => {
    const remote = new HeldRemote()
    const engine = tab(newDevice(), remote, 'manual', async ({ kind }) => ({ title: `after a ${kind}` }))
    const { id, synced } = await diverge(engine, remote, 'delete')
    calm(remote)
    await synced
    expect(remote.row('photos', id)).toMatchObject({ title: 'after a delete' })
  })

  it('makes a row again that somebody else deleted, when the person wants theirs', async () => {
    const remote = new HeldRemote()
    const engine = tab(newDevice(), remote, 'manual', async ({ remote: theirs }) => (theirs === null ? 'local' : 'remote'))
    const insert = engine.albums.insert({ title: 'first' })
    const { id } = await insert
    await insert.synced
    remote.hold()
    remote.write({ kind: 'delete', table: 'albums', rowId: id, values: {}, previous: null })
    const write = engine.albums.update(id, { title: 'mine' })
    await write
    await vi.waitFor(() => expect(remote.row('albums', id)).toMatchObject({ title: 'mine' }))
    calm(remote)
    await write.synced
  })

  // R-065 R-178
  it('keeps a conflict open through a reload, and lets any tab that has a handler answer it, one at a time', async () => {
    const [remote, device] = [new HeldRemote(), newDevice()]
    const silent = tab(device, remote, 'manual')
    const { id } = await diverge(silent, remote)
    await vi.waitFor(async () => expect(await silent.offline.pending()).toContainEqual(expect.objectContaining({ type: 'update', state: 'conflict' })))
    await silent.close()
    const leader = tab(device, remote, 'manual')
    await vi.waitFor(() => expect(leader.status.getSnapshot().leads).toBe(true))
    expect(await leader.offline.pending()).toMatchObject([{ state: 'conflict', rowId: id }])
    let askedAtOnce = 0
    let most = 0
    const handler: Handler = async () => {
      most = Math.max(most, (askedAtOnce += 1))
      await new Promise((resolve) => setImmediate(resolve))
      askedAtOnce -= 1
      return 'local'
    }
    const others = [tab(device, remote, 'manual', handler), tab(device, remote, 'manual', handler)]
    calm(remote)
    await settled(leader)
    expect(most).toBe(1)
    expect(remote.row('photos', id)).toMatchObject({ title: 'mine' })
    await Promise.all(others.map((other) => other.ready))
  })

  it('leaves it to retry and discard when the handler does not know, and tells when it throws', async () => {
    const remote = new HeldRemote()
    let asked = 0
    const engine = tab(newDevice(), remote, 'manual', async () => {
      asked += 1
      if (asked === 1) return undefined
      throw new Error('a dialog that failed')
    })
    const failures: unknown[] = []
    engine.on('syncError', ({ operation, error }) => operation.type === 'update' && failures.push(error))
    const { id, synced } = await diverge(engine, remote)
    await vi.waitFor(() => expect(asked).toBe(1))
    const [item] = await engine.offline.pending()
    // Somebody changes the row again before the person has decided: the server says so anew.
    remote.write({ kind: 'update', table: 'photos', rowId: id, values: { title: 'theirs again' }, previous: null })
    await engine.offline.retry(item?.id ?? '')
    await vi.waitFor(() => expect(failures).toEqual([expect.objectContaining({ message: 'a dialog that failed' })]))
    expect(asked).toBe(2)
    await engine.offline.discard(item?.id ?? '')
    await expect(synced).rejects.toMatchObject({ code: 'DISCARDED' })
    expect(remote.row('photos', id)).toMatchObject({ title: 'theirs again' })
    expect(await engine.offline.superseded()).toMatchObject([{ side: 'local' }, { side: 'remote' }])
  })

  it('refuses answers that make no sense, and leaves the conflict open', async () => {
    const remote = new HeldRemote()
    const engine = tab(newDevice(), remote, 'manual', (async () => ({ title: 7 })) as unknown as Handler)
    const failures: unknown[] = []
    engine.on('syncError', ({ error }) => failures.push(error))
    await diverge(engine, remote)
    await vi.waitFor(() => expect(failures).toContainEqual(expect.objectContaining({ code: 'VALIDATION_FAILED' })))
    expect((await engine.offline.pending()).map(({ state }) => state)).toEqual(['conflict'])
  })

  it('is typed by the schema', () => {
    expectTypeOf<Conflict<typeof schema>['table']>().toEqualTypeOf<'albums' | 'photos'>()
    expectTypeOf<Extract<Conflict<typeof schema>, { table: 'photos' }>['local']['takenAt']>().toEqualTypeOf<Date | null | undefined>()
    const engine = (): TestEngine => tab(newDevice(), new HeldRemote(), 'server-wins', async () => 'local')
    expect(engine).toThrow(expect.objectContaining({ code: 'CONFIG_INVALID', details: { option: 'onConflict' } }))
  })
})
