import { randomBytes } from '@bse/core/testing'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { openDB } from 'idb'
import { counts, databaseOf, listed, MIB, openFresh, put, randomBlob, stuckStream, WITHIN } from './tools.ts'

afterEach(() => vi.restoreAllMocks())

/** What each readwrite transaction asked for, and the raw connections that were used. */
function watchTransactions(): { writes: () => (IDBTransactionOptions | undefined)[]; connections: () => IDBDatabase[] } {
  const spy = vi.spyOn(IDBDatabase.prototype, 'transaction')
  return {
    writes: () => spy.mock.calls.filter(([, mode]) => mode === 'readwrite').map(([, , options]) => options),
    connections: () => spy.mock.contexts as IDBDatabase[],
  }
}

describe('what is in the database', () => {
  //
  it('holds ArrayBuffers of at most 1 MiB and no Blob', async () => {
    const { store, namespace } = openFresh()
    await put(store, randomBytes(2.5 * MIB))
    await store.stage(randomBlob(3 * MIB).stream())
    const db = await openDB(databaseOf(namespace))
    const chunks: unknown[] = await db.getAll('chunks')
    db.close()
    const mebibytes = chunks.map((chunk) => (chunk instanceof ArrayBuffer ? chunk.byteLength / MIB : Number.NaN))
    expect(mebibytes.toSorted((a, b) => a - b)).toEqual([0.5, 1, 1, 1, 1, 1])
  })

  it('drops the chunks of whatever is discarded, swept, deleted or there twice', async () => {
    const { store, namespace } = openFresh()
    const bytes = randomBytes(1.5 * MIB)
    const { hash } = await put(store, bytes)
    const [discarded, swept] = [await store.stage(new Blob([bytes])), await store.stage(new Blob([bytes]))]
    await put(store, bytes)
    expect(await counts(namespace)).toEqual({ blobs: 1, staging: 2, chunks: 6 })
    await store.discard(discarded.stageId)
    await store.sweep((stageId) => stageId !== swept.stageId)
    expect(await counts(namespace)).toEqual({ blobs: 1, staging: 0, chunks: 2 })
    await store.delete(hash)
    expect(await counts(namespace)).toEqual({ blobs: 0, staging: 0, chunks: 0 })
  })

  it('keeps published bytes when their stage id is discarded late', async () => {
    const { store } = openFresh()
    const bytes = randomBytes(5_000)
    const staged = await put(store, bytes)
    await store.discard(staged.stageId)
    expect(await (await store.get(staged.hash))?.bytes()).toEqual(bytes)
  })

  it('leaves no chunk behind when a long stage is aborted', async () => {
    const { store, namespace } = openFresh()
    await listed(store)
    const controller = new AbortController()
    const staging = store.stage(stuckStream(7, () => undefined), { signal: controller.signal })
    await expect.poll(async () => (await counts(namespace)).chunks, WITHIN).toBeGreaterThan(2)
    controller.abort(new Error('enough'))
    await expect(staging).rejects.toThrow('enough')
    expect(await counts(namespace)).toEqual({ blobs: 0, staging: 0, chunks: 0 })
  })
})

describe('commits', () => {
  // F-3
  it('are strict where something is acknowledged', async () => {
    const { writes } = watchTransactions()
    const { store } = openFresh()
    const staged = await store.stage(randomBlob(3 * MIB))
    expect(writes()).toEqual([{ durability: 'relaxed' }, { durability: 'strict' }])
    await store.publish(staged)
    expect(writes().at(-1)).toEqual({ durability: 'strict' })
  })

  it('take many small blobs of a tick together', async () => {
    const { store } = openFresh()
    await put(store, randomBytes(10))
    const { writes } = watchTransactions()
    const staged = await Promise.all(Array.from({ length: 200 }, () => store.stage(new Blob([randomBytes(2_000)]))))
    await Promise.all(staged.map((one) => store.publish(one)))
    expect(writes().length).toBeLessThan(60)
    expect(await listed(store)).toHaveLength(201)
  })

  it('publish one of two that have the same bytes in one transaction', async () => {
    const { store, namespace } = openFresh()
    const bytes = randomBytes(5_000)
    const [a, b] = await Promise.all([store.stage(new Blob([bytes])), store.stage(new Blob([bytes]))])
    expect(await Promise.all([store.publish(a), store.publish(b)])).toEqual(['published', 'already-present'])
    expect(await counts(namespace)).toEqual({ blobs: 1, staging: 0, chunks: 1 })
  })

  it('fail a missing stage and nobody beside it', async () => {
    const { store } = openFresh()
    const [gone, kept] = [await store.stage(new Blob(['gone'])), await store.stage(new Blob(['kept']))]
    await store.discard(gone.stageId)
    const outcomes = await Promise.allSettled([store.publish(gone), store.publish(kept)])
    expect(outcomes).toMatchObject([{ reason: { code: 'NOT_FOUND' } }, { value: 'published' }])
  })
})

describe('reading', () => {
  it('reads no more chunks than a range needs', async () => {
    const { store } = openFresh()
    const bytes = randomBytes(5 * MIB)
    const { hash } = await put(store, bytes)
    const get = vi.spyOn(IDBObjectStore.prototype, 'get')
    const part = await new Response(await store.read(hash, { start: 2 * MIB - 1, end: 2 * MIB + 1 })).bytes()
    expect(part).toEqual(bytes.subarray(2 * MIB - 1, 2 * MIB + 1))
    expect(get.mock.calls.map(([key]) => (Array.isArray(key) ? key[1] : 'record'))).toEqual(['record', 1, 2])
  })

  it('gives back a blob of many batches', async () => {
    const { store } = openFresh()
    const blob = randomBlob(19 * MIB + 7)
    const staged = await store.stage(blob)
    await store.publish(staged)
    expect((await store.stage((await store.get(staged.hash)) ?? new Blob())).hash).toBe(staged.hash)
  })

  it('tells a reader whose blob was deleted under it', async () => {
    const { store } = openFresh()
    const { hash } = await put(store, randomBytes(2 * MIB))
    const reader = (await store.read(hash, { start: 0 }))?.getReader()
    await reader?.read()
    await store.delete(hash)
    await expect(reader?.read()).rejects.toMatchObject({ code: 'NOT_FOUND' })
  })
})

describe('a connection that is closed under us', () => {
  // F-19
  it('is opened again by every operation', async () => {
    const { connections } = watchTransactions()
    const { store } = openFresh()
    const bytes = randomBytes(3 * MIB)
    const cut = (): void => connections().at(-1)?.close()
    const staged = await store.stage(new Blob([bytes]))
    cut()
    expect(await store.publish(staged)).toBe('published')
    cut()
    expect(await (await store.get(staged.hash))?.bytes()).toEqual(bytes)
    const stream = await store.read(staged.hash, { start: 5 })
    cut()
    expect(await new Response(stream).bytes()).toEqual(bytes.subarray(5))
    cut()
    expect(await listed(store)).toHaveLength(1)
    cut()
    expect(await store.delete(staged.hash)).toBe('deleted')
    expect(new Set(connections()).size).toBe(6)
  })

  // F-19
  it('does not stop a stage that is half done', async () => {
    const { connections } = watchTransactions()
    const { store, namespace } = openFresh()
    const bytes = randomBytes(9 * MIB)
    let at = 0
    const source = new ReadableStream<Uint8Array>({
      pull(controller) {
        if (at === 5 * MIB) connections().at(-1)?.close()
        controller.enqueue(bytes.subarray(at, at + MIB))
        at += MIB
        if (at === bytes.length) controller.close()
      },
    }, { highWaterMark: 0 })
    const staged = await store.stage(source)
    await store.publish(staged)
    expect(await (await store.get(staged.hash))?.bytes()).toEqual(bytes)
    expect(await counts(namespace)).toEqual({ blobs: 1, staging: 0, chunks: 9 })
  })

  // F-19
  it('does not refuse a publish whose commit it did not hear of', async () => {
    const { store, namespace } = openFresh()
    const bytes = randomBytes(2_000)
    const [first, second] = [await store.stage(new Blob([bytes])), await store.stage(new Blob([bytes]))]
    loseNextAcknowledgement()
    expect(await store.publish(first)).toBe('published')
    vi.restoreAllMocks()
    loseNextAcknowledgement()
    expect(await store.publish(second)).toBe('already-present')
    expect(await counts(namespace)).toEqual({ blobs: 1, staging: 0, chunks: 1 })
  })
})

/** The next readwrite transaction is committed, and its maker told that the connection was lost. */
function loseNextAcknowledgement(): void {
  const transaction = IDBDatabase.prototype.transaction
  let losses = 1
  vi.spyOn(IDBDatabase.prototype, 'transaction').mockImplementation(function (this: IDBDatabase, ...options) {
    const tx = transaction.apply(this, options)
    if (options[1] === 'readwrite' && losses-- > 0) reportAsLost(tx)
    return tx
  })
}

function reportAsLost(tx: IDBTransaction): void {
  const listen = tx.addEventListener.bind(tx)
  Object.defineProperty(tx, 'error', { get: () => new DOMException('Connection to Indexed Database server lost', 'UnknownError') })
  Object.defineProperty(tx, 'addEventListener', {
    value: (type: string, listener: EventListener) => {
      if (type === 'abort') listen('complete', listener)
    },
  })
}
