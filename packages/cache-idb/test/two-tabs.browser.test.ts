import { randomBytes } from '@bse/core/testing'
import { openDB } from 'idb'
import { afterEach, describe, expect, it, onTestFinished, vi } from 'vitest'
import { ask, counts, databaseOf, listed, openFresh, put, WITHIN } from './tools.ts'

afterEach(() => vi.restoreAllMocks())

function otherTab(): Worker {
  const worker = new Worker(new URL('./fixtures/other-tab.worker.ts', import.meta.url), { type: 'module' })
  onTestFinished(() => worker.terminate())
  return worker
}

describe('a tab that dies in mid-stage', () => {
  // F-2
  it.each([3, 8, 20])('shows nothing after %i MiB, and the sweep takes the rest', async (pieces) => {
    const { store, namespace } = openFresh()
    const kept = await put(store, randomBytes(10_000))
    const tab = otherTab()
    await ask(tab, { do: 'stage-for-ever', namespace, pieces })
    await expect.poll(async () => (await counts(namespace)).chunks, WITHIN).toBeGreaterThan(1)
    tab.terminate()

    expect(await listed(store)).toEqual([{ hash: kept.hash, sizeBytes: kept.sizeBytes }])
    await expect.poll(async () => {
      await store.sweep(() => false) // what the dead tab had under way may still be committed a moment later
      return counts(namespace)
    }, WITHIN).toEqual({ blobs: 1, staging: 0, chunks: 1 })
    expect((await store.get(kept.hash))?.size).toBe(10_000)
  })
})

describe('two tabs', () => {
  // F-89
  it('are closed both when one erases the namespace', async () => {
    const { store, namespace, reopen } = openFresh()
    const other = reopen()
    const { hash } = await put(store, randomBytes(10_000))
    expect((await other.get(hash))?.size).toBe(10_000)
    await store.destroy()
    await expect(other.get(hash)).rejects.toMatchObject({ code: 'CLOSED' })
    await expect(other.stage(new Blob(['late']))).rejects.toMatchObject({ code: 'CLOSED' })
    expect((await indexedDB.databases()).map(({ name }) => name)).not.toContain(databaseOf(namespace))
  })

  // F-10 F-18
  it('let a newer version upgrade, and leave its database alone', async () => {
    const { store, namespace } = openFresh()
    const { hash } = await put(store, randomBytes(10))
    const newer = await openDB(databaseOf(namespace), 2)
    await newer.put('blobs', { of: 'version 2' }, 'something new')
    newer.close()
    const tooNew = { code: 'SCHEMA_TOO_NEW', details: { found: 2, known: 1 } }
    await expect(store.get(hash)).rejects.toMatchObject(tooNew)
    await expect(store.stage(new Blob(['x']))).rejects.toMatchObject(tooNew)
    await expect(store.delete(hash)).rejects.toMatchObject(tooNew)
    expect(await counts(namespace)).toEqual({ blobs: 2, staging: 0, chunks: 1 })
  })

  // F-18
  it('do not wait for ever for one that holds on to the database', async () => {
    const { store, namespace, reopen } = openFresh()
    const { hash } = await put(store, randomBytes(10))
    const holder = otherTab()
    await ask(holder, { do: 'hold', database: databaseOf(namespace) })
    const setTimer = vi.spyOn(globalThis, 'setTimeout')
    const erasing = expect(store.destroy()).rejects.toMatchObject({ code: 'STORAGE_FAILED', message: expect.stringContaining('holds on') })
    await vi.waitFor(() => expect(setTimer.mock.calls.some(([, waitMs]) => waitMs === 5_000)).toBe(true))
    for (const [callback, waitMs] of setTimer.mock.calls) if (waitMs === 5_000) callback()
    setTimer.mockRestore()
    await erasing
    holder.terminate()
    expect(await reopen().get(hash)).toBeUndefined()
  })
})
