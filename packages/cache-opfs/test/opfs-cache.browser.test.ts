import { randomBytes } from '@bse/core/testing'
import { fileNameOf } from '@bse/core/wire'
import { describe, expect, it, vi } from 'vitest'
import { opfsCache } from '../src/index.ts'
import { folderOf, listed, MIB, namesIn, openFresh, put, randomBlob, stuckStream, WITHIN } from './tools.ts'

/** Makes the real worker, and remembers each one that it made. */
function recordingWorkers() {
  const workers: Worker[] = []
  const worker = (): Worker => {
    workers.push(new Worker(new URL('../src/worker.ts', import.meta.url), { type: 'module' }))
    return workers.at(-1) as Worker
  }
  return { workers, worker }
}

describe('the worker', () => {
  it('writes every stage of a store, and the page writes none', async () => {
    const createWritable = vi.spyOn(FileSystemFileHandle.prototype, 'createWritable')
    const { workers, worker } = recordingWorkers()
    const { store } = openFresh({ worker })
    await put(store, randomBytes(1_000))
    await store.stage(randomBlob(9 * MIB))
    await store.stage(new Response(randomBlob(3 * MIB)).body as ReadableStream<Uint8Array>)
    expect(workers).toHaveLength(1)
    expect(createWritable).not.toHaveBeenCalled()
    createWritable.mockRestore()
  })

  it('goes on with other stages while one waits for its source', async () => {
    const { store } = openFresh()
    const controller = new AbortController()
    const stuck = store.stage(stuckStream(2, () => undefined), { signal: controller.signal })
    const rejected = expect(stuck).rejects.toBe('done waiting')
    for (let n = 0; n < 5; n++) await put(store, randomBytes(100_000))
    controller.abort('done waiting')
    await rejected
  })

  it('rejects what was under way when it dies, and is replaced', async () => {
    const { workers, worker } = recordingWorkers()
    const { store, namespace } = openFresh({ worker })
    let cancelledWith: unknown
    const dies = store.stage(stuckStream(3, () => workers[0]?.terminate(), (reason) => { cancelledWith = reason }))
    await expect(dies).rejects.toMatchObject({ code: 'STORAGE_FAILED' })
    await expect.poll(() => cancelledWith, WITHIN).toMatchObject({ code: 'STORAGE_FAILED' })

    const bytes = randomBytes(5 * MIB)
    const { hash } = await put(store, bytes)
    expect(await (await store.get(hash))?.bytes()).toEqual(bytes)
    expect(workers).toHaveLength(2)
    await store.sweep(() => false)
    expect(await namesIn(namespace, 'staging')).toEqual([])
  })

  it('gives way to the page when its script does not load', async () => {
    const { store } = openFresh({ worker: () => new Worker('/there-is-no-such-script.js', { type: 'module' }) })
    const bytes = randomBytes(200_000)
    const { hash } = await put(store, bytes)
    expect(await (await store.get(hash))?.bytes()).toEqual(bytes)
  })

  it('is not started before something is staged', async () => {
    const { workers, worker } = recordingWorkers()
    const { store } = openFresh({ worker })
    await store.get(`sha256:${'0'.repeat(64)}`)
    await store.sweep(() => false)
    expect(workers).toHaveLength(0)
  })
})

describe.each(['worker', 'page'])('staging by the %s', (by) => {
  const options = by === 'worker' ? {} : { worker: () => { throw new Error('no worker') } }

  it('stops a blob wherever it is aborted and leaves nothing', async () => {
    const { store, namespace } = openFresh(options)
    const blob = randomBlob(16 * MIB)
    for (let steps = 0; steps < 12; steps++) {
      const controller = new AbortController()
      const staging = Promise.allSettled([store.stage(blob, { signal: controller.signal })])
      for (let step = 0; step < steps; step++) await namesIn(namespace, 'staging')
      controller.abort('not this one')
      const [outcome] = await staging
      if (outcome.status === 'rejected') expect(outcome.reason).toBe('not this one')
      else await store.discard(outcome.value.stageId)
      if (steps === 0) expect(outcome.status).toBe('rejected')
      expect(await namesIn(namespace, 'staging')).toEqual([])
    }
  })

  it('passes on the error of a blob that cannot be read', async () => {
    const { store, namespace } = openFresh(options)
    const { hash } = await put(store, randomBytes(1_000))
    const dead = await store.get(hash)
    await store.delete(hash)
    // Firefox says AbortError; that must not be taken for a full disk, as it is when a write fails with it.
    const isOfReading = (error: unknown): boolean => error instanceof DOMException && /^(NotFound|NotReadable|Abort)Error$/.test(error.name)
    await expect(store.stage(dead as Blob)).rejects.toSatisfy(isOfReading)
    expect(await namesIn(namespace, 'staging')).toEqual([])
  })

  it('stops under way with CLOSED when the store closes', async () => {
    const { store, namespace } = openFresh(options)
    const stuck = Promise.withResolvers<void>()
    const rejected = expect(store.stage(stuckStream(2, stuck.resolve))).rejects.toMatchObject({ code: 'CLOSED' })
    await stuck.promise
    await store.close()
    await rejected
    expect(await namesIn(namespace, 'staging')).toEqual([])
  })
})

describe('files', () => {
  it('lie under bse, one for each blob', async () => {
    const { store, namespace } = openFresh()
    const { hash } = await put(store, randomBytes(10))
    expect(await namesIn(namespace, 'blobs')).toEqual([fileNameOf(hash)])
  })

  it('lie where the directory option says', async () => {
    const namespace = `test-${crypto.randomUUID()}`
    const store = opfsCache({ directory: '' })(namespace)
    await put(store, randomBytes(10))
    const root = await navigator.storage.getDirectory()
    await root.getDirectoryHandle(namespace)
    await store.destroy()
    await expect(root.getDirectoryHandle(namespace)).rejects.toMatchObject({ name: 'NotFoundError' })
  })

  it('replaces a stored file whose size shows that it is damaged', async () => {
    const { store, namespace } = openFresh()
    const bytes = randomBytes(1_000)
    const { hash } = await put(store, bytes)
    await overwrite(namespace, fileNameOf(hash), 'short')
    expect(await store.publish(await store.stage(new Blob([bytes])))).toBe('published')
    expect(await (await store.get(hash))?.bytes()).toEqual(bytes)
  })

  it('counts a copy that never got its bytes as absent', async () => {
    const { store, namespace } = openFresh()
    const bytes = randomBytes(1_000)
    const staged = await store.stage(new Blob([bytes]))
    await (await folderOf(namespace, 'blobs')).getFileHandle(fileNameOf(staged.hash), { create: true })
    expect(await store.get(staged.hash)).toBeUndefined()
    expect(await store.read(staged.hash, { start: 0 })).toBeUndefined()
    expect(await listed(store)).toEqual([])
    expect(await store.publish(staged)).toBe('published')
    expect(await (await store.get(staged.hash))?.bytes()).toEqual(bytes)
  })

  it.each(['', 'a-b', '../x', 'x'.repeat(65)])('refuses the stage owner "%s"', async (owner) => {
    const { store } = openFresh()
    await expect(store.stage(new Blob(['x']), { owner })).rejects.toMatchObject({ code: 'CONFIG_INVALID' })
  })

  it('sweeps what the browser left beside a file', async () => {
    const { store, namespace } = openFresh()
    const [alive, dead] = [await store.stage(new Blob(['alive'])), await store.stage(new Blob(['dead']))]
    const staging = await folderOf(namespace, 'staging')
    for (const { stageId } of [alive, dead]) await staging.getFileHandle(`${stageId}.crswap`, { create: true })
    await store.sweep((stageId) => stageId === alive.stageId)
    expect((await namesIn(namespace, 'staging')).toSorted()).toEqual([alive.stageId, `${alive.stageId}.crswap`])
  })

  it('lists no file that it would not have written', async () => {
    const { store, namespace } = openFresh()
    const { hash } = await put(store, randomBytes(5))
    await overwrite(namespace, 'README', 'hello')
    expect(await listed(store)).toEqual([{ hash, sizeBytes: 5 }])
  })
})

async function overwrite(namespace: string, name: string, text: string): Promise<void> {
  const file = await (await folderOf(namespace, 'blobs')).getFileHandle(name, { create: true })
  const writable = await file.createWritable()
  await writable.write(text)
  await writable.close()
}
