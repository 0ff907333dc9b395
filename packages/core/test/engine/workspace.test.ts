import { afterEach, describe, expect, expectTypeOf, it, vi } from 'vitest'
import { blob, boolean, BseError, createSyncEngine, date, defineWorkspace, id, json, number, ref, text, type BlobHash, type WorkspaceClient, type WorkspaceOptions } from '../../src/index.ts'
import { FakeRemote, fakeBlobs, fakeData } from '../../src/testing/index.ts'
import { image, newDevice, tabEnvironment, type Device } from './harness.ts'

const workspace = defineWorkspace({
  tables: {
    users: { id: id(), avatar: blob() },
    posts: {
      id: id(),
      coverImage: blob({ mimeTypes: ['image/*', 'application/pdf'] }),
      title: text({ default: '' }),
      score: number({ optional: true }),
      isPublic: boolean({ default: false }),
      at: date({ optional: true }),
      extra: json({ optional: true }),
      author: ref('users', { optional: true }),
    },
  },
})
type Definition = typeof workspace.schema
type Client = WorkspaceClient<Definition>

const open: { close(): Promise<void> }[] = []
afterEach(async () => {
  await Promise.all(open.splice(0).map((one) => one.close()))
})

let clients = 0

type Parts = Pick<WorkspaceOptions<Definition>, 'name' | 'state' | 'cache' | 'blobs' | 'environment'>

function partsOf(device: Device, remote: FakeRemote): Parts {
  const name = `workspace-${(clients += 1)}`
  return {
    name, state: () => device.state('shared'), cache: { backend: () => device.cache('shared') }, blobs: fakeBlobs(remote), environment: tabEnvironment(device),
  }
}

function connect(device: Device, remote: FakeRemote, options: Partial<WorkspaceOptions<Definition>> = {}): Client {
  const client = workspace.connect({ ...partsOf(device, remote), data: fakeData(remote), ...options })
  open.push(client)
  return client
}

async function bytesOf(found: Blob | null): Promise<Uint8Array> {
  if (found === null) throw new Error('no blob')
  return new Uint8Array(await found.arrayBuffer())
}

function bound(target: object, name: string | symbol): unknown {
  const value: unknown = Reflect.get(target, name)
  return typeof value === 'function' ? (value.bind(target) as unknown) : value
}

const WAIT = { timeout: 45_000, interval: 20 }
vi.setConfig({ testTimeout: 90_000 })
const EMPTY = 'sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855'

describe('the blobs of a workspace', () => {
  // E-002 E-003 E-021 E-023 E-050 E-051 E-052 E-053 E-054 E-055
  it('stores the same bytes once, however they are put', async () => {
    const device = newDevice()
    const remote = new FakeRemote()
    const client = connect(device, remote)
    const picture = image(200_000)
    const first = await client.blobs.put(picture)
    const second = await client.blobs.put(new File([picture], 'cat.jpg', { type: 'image/jpeg' }))
    const third = await client.blobs.put(await picture.arrayBuffer())
    expect(first).toMatch(/^sha256:[0-9a-f]{64}$/)
    expect([second, third]).toEqual([first, first])
    await client.tables.users.upsert({ id: 'ada', avatar: first })
    await client.tables.posts.upsert({ id: 'p1', coverImage: first })
    expect(await client.blobs.list()).toEqual([first])
    const stored: string[] = []
    for await (const { hash } of device.cache('shared').list()) stored.push(hash)
    expect(stored).toEqual([first])
    await vi.waitFor(() => expect(remote.rows.size).toBe(2), WAIT)
    expect(remote.uploads).toEqual([first])
  })

  // E-001 E-024 E-057 E-058 E-060 E-061 E-062 E-063
  it('gives back what was put, with its type, and null for what nobody has', async () => {
    const client = connect(newDevice(), new FakeRemote())
    const picture = image(5_000)
    const hash = await client.blobs.put(picture)
    const found = await client.blobs.get(hash)
    expect(found?.type).toBe('image/jpeg')
    expect(await bytesOf(found)).toEqual(await bytesOf(picture))
    expect(await client.blobs.put(new ArrayBuffer(0))).toBe(EMPTY)
    expect((await client.blobs.get(EMPTY))?.size).toBe(0)
    expect(await client.blobs.list()).toEqual([hash, EMPTY].sort())
    const nobodys = `sha256:${'1'.repeat(64)}`
    expect(await client.blobs.get(nobodys)).toBeNull()
    expect([await client.blobs.has(hash), await client.blobs.has(nobodys)]).toEqual([true, false])
    expect(await client.blobs.ref(hash)).toEqual({ hash, sizeBytes: 5_000, type: 'image/jpeg' })
  })

  // E-063 E-059
  it('says of bytes that only a server has that they are not here, and fetches them when asked for them', async () => {
    const remote = new FakeRemote()
    const here = connect(newDevice(), remote)
    const hash = await here.blobs.put(image(3_000))
    await vi.waitFor(() => expect(remote.blobs.has(hash)).toBe(true), WAIT)
    const elsewhere = connect(newDevice(), remote)
    expect(await elsewhere.blobs.has(hash)).toBe(false)
    expect((await elsewhere.blobs.get(hash))?.size).toBe(3_000)
    expect(await elsewhere.blobs.has(hash)).toBe(true)
  })

  // E-120 E-122 E-123 E-124 E-125
  it('answers results instead of throwing where it is asked to', async () => {
    const device = newDevice()
    const remote = new FakeRemote()
    const client = connect(device, remote)
    const nobodys: BlobHash = `sha256:${'1'.repeat(64)}`
    expect(await client.blobs.tryGet(nobodys)).toMatchObject({ data: null, error: { code: 'NOT_FOUND' } })
    expect(await client.blobs.tryGet('sha256:zz')).toMatchObject({ data: null, error: { code: 'VALIDATION_FAILED' } })
    expect(await client.blobs.tryPut('text' as unknown as Blob)).toMatchObject({ data: null, error: { code: 'VALIDATION_FAILED' } })
    const put = await client.blobs.tryPut(image(100))
    expect(put).toEqual({ data: expect.stringMatching(/^sha256:/), error: null })
    expect((await client.blobs.tryGet(put.data ?? nobodys)).data?.size).toBe(100)
    remote.blobs.set(nobodys, image(20))
    expect(await client.blobs.tryGet(nobodys)).toMatchObject({ data: null, error: { code: 'HASH_MISMATCH' } })
    remote.fault = (): 'fail-before' => 'fail-before'
    expect(await client.blobs.tryGet(`sha256:${'2'.repeat(64)}`)).toMatchObject({ data: null, error: { code: 'NETWORK' } })
  })

  // E-121 E-125
  it('says that the device is full', async () => {
    const device = newDevice()
    const store = device.cache('shared')
    const refuse = async (): Promise<never> => Promise.reject(new BseError('STORAGE_FULL', 'test', { neededBytes: 1, availableBytes: 0 }))
    const full = new Proxy(store, { get: (target, name) => (name === 'stage' ? refuse : bound(target, name)) })
    const client = connect(device, new FakeRemote(), { cache: { backend: () => full } })
    expect(await client.blobs.tryPut(image(10_000))).toMatchObject({ data: null, error: { code: 'STORAGE_FULL' } })
    expect(await client.blobs.list()).toEqual([])
  })

  // X-007 E-056
  it('keeps what was put over a crash, and sends it although no row names it', async () => {
    const device = newDevice()
    const remote = new FakeRemote()
    remote.fault = (): 'fail-before' => 'fail-before'
    const before = connect(device, remote)
    const hash = await before.blobs.put(image(70_000))
    expect((await before.sync.cache.clear()).kept).toBe(1)
    await before.close()
    remote.fault = (): 'pass' => 'pass'
    const after = connect(device, remote)
    await vi.waitFor(() => expect(remote.blobs.has(hash)).toBe(true), WAIT)
    // Nothing is owed any more, and nothing keeps it but its server.
    await vi.waitFor(async () => expect((await after.sync.cache.clear()).evicted).toMatchObject([{ id: hash }]), WAIT)
  })

  // E-006 E-100 X-004
  it('keeps the bytes of a row that is deleted', async () => {
    const remote = new FakeRemote()
    const client = connect(newDevice(), remote)
    const hash = await client.blobs.put(image(70_000))
    await client.tables.posts.upsert({ id: 'p1', coverImage: hash }).synced
    await client.tables.posts.delete({ id: 'p1' }).synced
    // What is let go of goes after the change that took the last row: one more write is behind it.
    await client.tables.users.upsert({ id: 'u1', avatar: await client.blobs.put(image(10, 2)) }).synced
    expect(await client.blobs.has(hash)).toBe(true)
    expect(client.tables.posts.get({ id: 'p1' })).toEqual({ status: 'not_found', id: 'p1' })
  })

  // E-044 E-045 E-046 E-047 X-003
  it('takes ten million bytes and not one more, by put as by a row', async () => {
    const client = connect(newDevice(), new FakeRemote())
    const most = new Blob([new Uint8Array(10_000_000)], { type: 'application/pdf' })
    const hash = await client.blobs.put(most)
    const tooLarge = new Blob([new Uint8Array(10_000_001)], { type: 'application/pdf' })
    await expect(client.blobs.put(tooLarge)).rejects.toMatchObject({ code: 'VALIDATION_FAILED' })
    await expect(client.tables.users.upsert({ id: 'u1', avatar: tooLarge })).rejects.toMatchObject({ code: 'VALIDATION_FAILED' })
    await client.tables.posts.upsert({ id: 'p1', coverImage: hash })
    const sound = await client.blobs.put(new Blob(['la'], { type: 'audio/ogg' }))
    await expect(client.tables.posts.upsert({ id: 'p2', coverImage: sound })).rejects.toMatchObject({ code: 'VALIDATION_FAILED' })
    expect(client.tables.posts.getAll().map((row) => row.id)).toEqual(['p1'])
    // A schema of its own has no such limit.
    const device = newDevice()
    const sync = createSyncEngine({ ...partsOf(device, new FakeRemote()), data: fakeData(new FakeRemote()), schema: { files: { id: 'string', file: { type: 'blob' } } } })
    open.push(sync)
    await sync.files.insert({ id: 'f1', file: tooLarge })
  }, 60_000)
})

describe('the tables of a workspace', () => {
  // E-070 E-071 E-072 E-073
  it('answers at once with a status', async () => {
    const remote = new FakeRemote()
    const client = connect(newDevice(), remote)
    expect(client.tables.posts.get({ id: 'p1' })).toEqual({ status: 'loading' })
    expect(client.tables.posts.getAll()).toEqual([])
    await client.ready
    expect(client.tables.posts.get({ id: 'p1' })).toEqual({ status: 'not_found', id: 'p1' })
    const hash = await client.blobs.put(image(10))
    void client.tables.posts.upsert({ id: 'p1', coverImage: hash })
    const post = client.tables.posts.get({ id: 'p1' })
    expect(post.status === 'valid' && post.row.coverImage).toBe(hash)
    remote.write({ kind: 'insert', table: 'posts', rowId: 'p2', values: { id: 'p2', coverImage: 7 }, previous: null })
    await vi.waitFor(() => expect(client.tables.posts.get({ id: 'p2' })).toMatchObject({ status: 'invalid', id: 'p2', issues: [{ column: 'coverImage', rule: 'type' }] }), WAIT)
    await vi.waitFor(() => expect(remote.row('posts', 'p1')?.coverImage).toBe(hash), WAIT)
  })

  it('changes the row that is there, tells of each change, and reads by a query', async () => {
    const client = connect(newDevice(), new FakeRemote())
    await client.ready
    const seen: number[] = []
    const stop = client.tables.posts.subscribe(() => seen.push(client.tables.posts.getAll().length))
    const hash = await client.blobs.put(image(10))
    await client.tables.posts.upsert({ id: 'p1', coverImage: hash, title: 'One' })
    await client.tables.posts.upsert({ id: 'p1', coverImage: hash, title: 'Two', score: 3 })
    expect(await client.tables.posts.where({ title: 'Two' }).get()).toMatchObject([{ id: 'p1', score: 3, isPublic: false, at: null }])
    await client.tables.posts.delete({ id: 'p1' })
    expect(seen.at(-1)).toBe(0)
    expect(seen).toContain(1)
    stop()
    await client.tables.posts.upsert({ id: 'p3', coverImage: hash })
    expect(seen.at(-1)).toBe(0)
  })

  it('tells of a write that nobody awaits and that fails, and ends nothing', async () => {
    const client = connect(newDevice(), new FakeRemote())
    const failed: unknown[] = []
    client.on('writeFailed', (failure) => failed.push(failure))
    await client.ready
    void client.tables.posts.upsert({ id: 'p1', coverImage: 'not a hash' as BlobHash })
    await vi.waitFor(() => expect(failed).toMatchObject([{ table: 'posts', id: 'p1', error: { code: 'VALIDATION_FAILED' } }]), WAIT)
  })

  // X-001 X-002 X-010
  it('shares ids and bytes with the engine underneath, whichever way they come in', async () => {
    const device = newDevice()
    const client = connect(device, new FakeRemote())
    const picture = image(90_000)
    const hash = await client.blobs.put(picture)
    const row = await client.sync.posts.insert({ id: 'p1', coverImage: picture })
    expect(row.coverImage).toBe(hash)
    const post = client.tables.posts.get({ id: 'p1' })
    expect(post.status === 'valid' && post.row.coverImage).toBe(hash)
    const other = await client.sync.users.insert({ id: 'u1', avatar: image(80_000, 7) })
    expect((await client.blobs.get(other.avatar))?.size).toBe(80_000)
    expect(await client.blobs.list()).toHaveLength(2)
    expect((await client.sync.users.update('u1', { avatar: image(80, 8) })).avatar).not.toBe(other.avatar)
  })

  // X-002 X-010
  it('reads the references of another schema as hashes, without a change of the data', async () => {
    const device = newDevice()
    const remote = new FakeRemote()
    const tables = { users: { id: 'string', avatar: { type: 'blob' } } } as const
    const sync = createSyncEngine({ ...partsOf(device, remote), data: fakeData(remote), schema: tables })
    open.push(sync)
    const { avatar } = await sync.users.insert({ id: 'u1', avatar: image(70_000) }).synced
    await sync.close()
    const client = connect(newDevice(), remote)
    await vi.waitFor(() => expect(client.tables.users.get({ id: 'u1' })).toMatchObject({ status: 'valid', row: { avatar: avatar.hash } }), WAIT)
    expect(remote.row('users', 'u1')?.avatar).toEqual(avatar)
    const found = await client.blobs.get(avatar.hash)
    expect(found?.size).toBe(70_000)
    // And back: a reference is made of a hash by whoever has the bytes.
    expect(await client.blobs.ref(avatar.hash)).toMatchObject({ hash: avatar.hash, sizeBytes: 70_000 })
  })

  //
  it('keeps its rows without a data provider, over a crash too', async () => {
    const device = newDevice()
    const remote = new FakeRemote()
    const before = workspace.connect(partsOf(device, remote))
    const hash = await before.blobs.put(image(10))
    await before.tables.posts.upsert({ id: 'p1', coverImage: hash, title: 'One' }).synced
    await before.tables.posts.upsert({ id: 'p1', coverImage: hash, title: 'Two' }).synced
    await before.tables.posts.upsert({ id: 'p2', coverImage: hash }).synced
    await before.tables.posts.delete({ id: 'p2' })
    await before.close()
    const after = workspace.connect(partsOf(device, remote))
    open.push(after)
    await after.ready
    expect(after.tables.posts.getAll()).toMatchObject([{ id: 'p1', title: 'Two', coverImage: hash }])
    await vi.waitFor(async () => expect(await after.sync.offline.pending()).toEqual([]), WAIT)
    expect(remote.rows.size).toBe(0)
  })

  // E-040 E-041 E-042 E-043
  it('has the types of its columns', () => {
    type Post = Extract<ReturnType<Client['tables']['posts']['get']>, { status: 'valid' }>['row']
    expectTypeOf<Post>().toEqualTypeOf<{
      readonly id: string, readonly coverImage: BlobHash, readonly title: string, readonly score: number | null, readonly isPublic: boolean, readonly at: Date | null
      readonly extra: Post['extra'], readonly author: string | null
    }>()
    expect(workspace.schema.users.avatar).toEqual({ type: 'blob', as: 'hash', maxSize: 10_000_000, replica: 'all' })
    expect(blob({ maxSize: '25MB', mimeTypes: ['image/*'] })).toEqual({ type: 'blob', as: 'hash', replica: 'all', maxSize: '25MB', mimeTypes: ['image/*'] })
  })
})
