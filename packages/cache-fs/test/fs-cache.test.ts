import { link, lstat, mkdir, readdir, readFile, readlink, stat, symlink, truncate, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { CacheStore, StagedBytes } from '@bse/core/provider'
import { fileNameOf, type BlobHash } from '@bse/core/wire'
import { describe, expect, it } from 'vitest'
import { fsCache, openDirectoryStore } from '../src/index.ts'
import { seededBytes } from './fixtures/seeded-bytes.ts'
import { listVerified, namesIn } from './inspect.ts'
import { temporaryDirectory } from './temporary-directory.ts'

const WITHIN = { timeout: 15_000 }

async function openStore(): Promise<{ store: CacheStore; directory: string }> {
  const directory = await temporaryDirectory()
  return { store: openDirectoryStore(directory), directory }
}

async function put(store: CacheStore, text: string): Promise<StagedBytes> {
  const staged = await store.stage(new Blob([text]))
  await store.publish(staged)
  return staged
}

function pathOf(directory: string, hash: BlobHash): string {
  return join(directory, 'blobs', fileNameOf(hash))
}

describe('files', () => {
  it('keeps one file for each blob, readable by its owner alone', async () => {
    const { store, directory } = await openStore()
    const { hash } = await put(store, 'a photo')
    expect(await readdir(join(directory, 'blobs'))).toEqual([fileNameOf(hash)])
    expect((await stat(pathOf(directory, hash))).mode & 0o777).toBe(0o600)
  })

  it('touches nothing before the first stage', async () => {
    const directory = join(await temporaryDirectory(), 'later')
    const store = openDirectoryStore(directory)
    expect(await store.get(`sha256:${'0'.repeat(64)}`)).toBeUndefined()
    await store.sweep(() => false)
    await expect(lstat(directory)).rejects.toMatchObject({ code: 'ENOENT' })
  })

  it('makes its folders again when somebody removes them', async () => {
    const { store, directory } = await openStore()
    await put(store, 'first')
    await openDirectoryStore(directory).destroy()
    await put(store, 'second')
    expect(await listVerified(store, directory)).toHaveLength(1)
  })

  it('lists no file that it would not have written', async () => {
    const { store, directory } = await openStore()
    const { hash } = await put(store, 'ours')
    await writeFile(join(directory, 'blobs', 'README'), 'hello')
    await writeFile(join(directory, 'blobs', hash), 'the spelling with a colon')
    await mkdir(join(directory, 'blobs', `sha256-${'1'.repeat(64)}`))
    expect(await listVerified(store, directory)).toEqual([hash])
  })

  it('leaves the files of others when it is destroyed', async () => {
    const { store, directory } = await openStore()
    await put(store, 'ours')
    await writeFile(join(directory, 'theirs'), 'x')
    await store.destroy()
    expect(await readdir(directory)).toEqual(['theirs'])
  })

  it('replaces a stored file whose size shows that it is damaged', async () => {
    const { store, directory } = await openStore()
    const { hash } = await put(store, 'whole')
    await truncate(pathOf(directory, hash), 2)
    expect(await store.publish(await store.stage(new Blob(['whole'])))).toBe('published')
    expect(await (await store.get(hash))?.text()).toBe('whole')
    expect(await namesIn(directory, 'staging')).toEqual([])
  })
})

describe('what others planted', () => {
  // F-79
  it('never follows a symbolic link in place of a blob', async () => {
    const { store, directory } = await openStore()
    const { hash } = await put(store, 'innocent')
    const secret = join(directory, 'secret')
    await writeFile(secret, 'secret!!')
    await store.delete(hash)
    await symlink(secret, pathOf(directory, hash))

    await expect(store.get(hash)).rejects.toMatchObject({ code: 'STORAGE_FAILED' })
    await expect(store.read(hash, { start: 0 })).rejects.toMatchObject({ code: 'STORAGE_FAILED' })
    expect(await listVerified(store, directory)).toEqual([])
  })

  it('publishes over a planted link and leaves its target alone', async () => {
    const { store, directory } = await openStore()
    const { hash } = await put(store, 'innocent')
    const secret = join(directory, 'secret')
    await writeFile(secret, 'secret!!')
    await store.delete(hash)
    await symlink(secret, pathOf(directory, hash))

    expect(await store.publish(await store.stage(new Blob(['innocent'])))).toBe('published')
    expect(await readFile(secret, 'utf8')).toBe('secret!!')
    await expect(readlink(pathOf(directory, hash))).rejects.toMatchObject({ code: 'EINVAL' })
    expect(await (await store.get(hash))?.text()).toBe('innocent')
  })

  it('refuses a folder in place of a blob', async () => {
    const { store, directory } = await openStore()
    const { hash } = await put(store, 'innocent')
    await store.delete(hash)
    await mkdir(pathOf(directory, hash))
    await expect(store.get(hash)).rejects.toMatchObject({ code: 'STORAGE_FAILED' })
    await expect(store.read(hash, { start: 0 })).rejects.toMatchObject({ code: 'STORAGE_FAILED' })
  })

  it('makes no path out of an id or hash that is none', async () => {
    const { store, directory } = await openStore()
    const staged = await store.stage(new Blob(['x']))
    await writeFile(join(directory, 'victim'), 'x')
    await expect(store.publish({ ...staged, stageId: '../victim' })).rejects.toMatchObject({ code: 'NOT_FOUND' })
    await store.discard('../victim')
    await expect(store.stage(new Blob(['x']), { owner: '../victim' })).rejects.toMatchObject({ code: 'CONFIG_INVALID' })
    await expect(store.delete('sha256:/../../victim')).rejects.toMatchObject({ code: 'CONFIG_INVALID' })
    expect(await readFile(join(directory, 'victim'), 'utf8')).toBe('x')
  })
})

describe('reading', () => {
  // F-29
  it('finishes a stream whose blob is deleted meanwhile', async () => {
    const { store } = await openStore()
    const bytes = seededBytes(7, 1_000_000)
    const staged = await store.stage(new Blob([bytes]))
    await store.publish(staged)
    const stream = await store.read(staged.hash, { start: 10 })
    await store.delete(staged.hash)
    expect(await new Response(stream).bytes()).toEqual(bytes.subarray(10))
  })

  it('errors open streams and closes their files when the store closes', async () => {
    const { store } = await openStore()
    const { hash } = await put(store, 'open')
    const reader = (await store.read(hash, { start: 0 }))?.getReader()
    await store.close()
    await expect(reader?.read()).rejects.toMatchObject({ code: 'CLOSED' })
    await expect.poll(() => openFilesNamed(fileNameOf(hash)), WITHIN).toBe(0)
  })

  it('errors a stream whose file gets shorter', async () => {
    const { store, directory } = await openStore()
    const { hash } = await put(store, 'shrinking')
    const stream = await store.read(hash, { start: 0 })
    await truncate(pathOf(directory, hash), 0)
    await expect(new Response(stream).bytes()).rejects.toMatchObject({ code: 'STORAGE_FAILED' })
  })

  it('keeps a lent blob readable while the same bytes are staged again', async () => {
    const { store, directory } = await openStore()
    const { hash } = await put(store, 'lent')
    const lent = await store.get(hash)
    await put(store, 'lent')
    await link(pathOf(directory, hash), join(directory, 'another name'))
    expect(await lent?.text()).toBe('lent')
  })
})

describe('staging', () => {
  it('spares what is still being written when it sweeps', async () => {
    const { store, directory } = await openStore()
    let feed: ReadableStreamDefaultController<Uint8Array> | undefined
    const staging = store.stage(new ReadableStream<Uint8Array>({ start: (controller) => void (feed = controller) }))
    feed?.enqueue(new TextEncoder().encode('slow'))
    await expect.poll(() => namesIn(directory, 'staging'), WITHIN).toHaveLength(1)
    await openDirectoryStore(directory).sweep(() => false)
    feed?.close()
    expect(await store.publish(await staging)).toBe('published')
  })

  it('stops stages under way and leaves nothing when it closes', async () => {
    const { store, directory } = await openStore()
    let cancelled: unknown
    const staging = store.stage(new ReadableStream<Uint8Array>({ cancel: (reason) => void (cancelled = reason) }))
    const rejected = expect(staging).rejects.toMatchObject({ code: 'CLOSED' })
    await expect.poll(() => namesIn(directory, 'staging'), WITHIN).toHaveLength(1)
    await store.close()
    await rejected
    expect(cancelled).toMatchObject({ code: 'CLOSED' })
    expect(await namesIn(directory, 'staging')).toEqual([])
  })

  it('splits a chunk that is larger than a window', async () => {
    const { store } = await openStore()
    const bytes = seededBytes(3, 5_000_001)
    const staged = await store.stage(new ReadableStream({ start: (c) => (c.enqueue(bytes), c.close()) }))
    await store.publish(staged)
    expect(await (await store.get(staged.hash))?.bytes()).toEqual(bytes)
  })
})

describe('namespaces', () => {
  it('keeps names apart that a file system would fold', async () => {
    const directory = await temporaryDirectory()
    const open = fsCache({ directory })
    for (const namespace of ['photos', 'Photos', 'con', '..', 'a:b', 'v1.2', 'trailing.']) await put(open(namespace), namespace)
    expect((await readdir(directory)).toSorted()).toEqual(['%2e%2e', '%50hotos', '%63on', 'a%3ab', 'photos', 'trailing%2e', 'v1.2'].toSorted())
  })

  it.each(['', 'a/b', 'grün', 'x'.repeat(101)])('refuses the namespace "%s"', async (namespace) => {
    const open = fsCache({ directory: await temporaryDirectory() })
    expect(() => open(namespace)).toThrow(expect.objectContaining({ code: 'CONFIG_INVALID' }))
  })
})

/** How many descriptors of this process are open on a file of this name (Linux). */
async function openFilesNamed(name: string): Promise<number> {
  const targets = await Promise.all((await readdir('/proc/self/fd')).map((fd) => readlink(`/proc/self/fd/${fd}`).catch(() => '')))
  return targets.filter((target) => target.endsWith(name)).length
}
