import { randomBytes } from '@bse/core/testing'
import { fileNameOf } from '@bse/core/wire'
import { describe, expect, it, onTestFinished, vi } from 'vitest'
import { ask, listed, namesIn, openFresh, put, startWorker, WITHIN } from './tools.ts'

function dyingTab(): Worker {
  return new Worker(new URL('./fixtures/dying-tab.worker.ts', import.meta.url), { type: 'module' })
}

function handleHolder(): Worker {
  return new Worker(new URL('./fixtures/handle-holder.worker.ts', import.meta.url), { type: 'module' })
}

describe('a tab that dies in mid-stage', () => {
  // F-2
  it.each([0, 1, 3, 8, 20])('shows nothing after %i MiB, and the sweep takes the rest', async (pieces) => {
    const { store, namespace } = openFresh()
    const kept = await put(store, randomBytes(10_000))
    const tab = await startWorker(dyingTab(), { namespace, pieces })
    await expect.poll(() => namesIn(namespace, 'staging'), WITHIN).toHaveLength(1)
    tab.terminate()

    expect(await listed(store)).toEqual([{ hash: kept.hash, sizeBytes: kept.sizeBytes }])
    await expect.poll(async () => {
      await store.sweep(() => false) // the browser releases the dead tab's lock a moment later
      return namesIn(namespace, 'staging')
    }, WITHIN).toEqual([])
    expect((await store.get(kept.hash))?.size).toBe(10_000)
  })
})

describe('two tabs', () => {
  it('does not sweep what the other is still writing', async () => {
    const { store, namespace } = openFresh()
    await startWorker(dyingTab(), { namespace, pieces: 2 })
    await expect.poll(() => namesIn(namespace, 'staging'), WITHIN).toHaveLength(1)
    await store.sweep(() => false)
    expect(await namesIn(namespace, 'staging')).toHaveLength(1)
  })

  // F-16 F-17
  it('reads, keeps and reports busy what the other has open', async () => {
    const { store, namespace } = openFresh()
    const bytes = randomBytes(50_000)
    const { hash } = await put(store, bytes)
    const other = await startWorker(handleHolder(), ['bse', namespace, 'blobs', fileNameOf(hash)])

    expect(await store.delete(hash)).toBe('busy')
    expect(await (await store.get(hash))?.bytes()).toEqual(bytes)
    expect(await new Response(await store.read(hash, { start: 9, end: 99 })).bytes()).toEqual(bytes.subarray(9, 99))
    expect(await store.publish(await store.stage(new Blob([bytes])))).toBe('already-present')

    expect(await ask(other, 'release')).toBe('released')
    expect(await store.delete(hash)).toBe('deleted')
  })

  // F-16
  it('publishes once the other lets go of the staged file', async () => {
    const { store, namespace } = openFresh()
    const bytes = randomBytes(50_000)
    const staged = await store.stage(new Blob([bytes]))
    const other = await startWorker(handleHolder(), ['bse', namespace, 'staging', staged.stageId])
    const refused = letGoAfterFirstMove(() => ask(other, 'release'))
    expect(await store.publish(staged)).toBe('published')
    expect(refused()).toMatchObject({ name: 'NoModificationAllowedError' })
    expect(await (await store.get(staged.hash))?.bytes()).toEqual(bytes)
  })
})

/** The first move really runs and really fails; before its caller hears of that, `letGo` has run. Gives what it failed with. */
function letGoAfterFirstMove(letGo: () => Promise<unknown>): () => unknown {
  const prototype = FileSystemFileHandle.prototype as unknown as { move(folder: FileSystemDirectoryHandle, name: string): Promise<void> }
  const { move } = prototype
  let failure: unknown
  const spy = vi.spyOn(prototype, 'move')
  onTestFinished(() => spy.mockRestore())
  spy.mockImplementationOnce(async function (this: typeof prototype, folder, name) {
    failure = await move.call(this, folder, name).catch((error: unknown) => error)
    await letGo()
    throw failure
  })
  return () => failure
}
