import { afterEach, describe, expect, it, vi } from 'vitest'
import { hashBlob, hashInWorker } from '../../src/hash/index.ts'
import { BEGINS_WITHIN_MS } from '../../src/hash/worker-slot.ts'
import { randomBytes, sha256Of } from '../../src/testing/index.ts'

const MIB = 1024 * 1024
const workerFile = (): Worker => new Worker(new URL('../../src/hash/worker.ts', import.meta.url), { type: 'module' })

/** A factory of its own, so that each test has its own pool; counts what it made. */
function countingFactory(make: () => Worker = workerFile): { factory: () => Worker; made: Worker[] } {
  const made: Worker[] = []
  const factory = (): Worker => {
    const worker = make()
    made.push(worker)
    return worker
  }
  return { factory, made }
}

afterEach(() => {
  vi.restoreAllMocks()
  vi.useRealTimers()
})

describe('hash in a browser', () => {
  it('equals the platform at every path', async () => { // E-020 E-024
    for (const sizeBytes of [0, 1, 63, 64, MIB, 2 * MIB, 5 * MIB + 3, 65 * MIB + 1]) {
      const bytes = randomBytes(sizeBytes)
      expect(await hashBlob(new Blob([bytes]))).toBe(await sha256Of(bytes))
    }
  })

  it('hashes large blobs in a worker and small ones here', async () => {
    const { factory, made } = countingFactory()
    await hashBlob(new Blob([randomBytes(1_000)]), { worker: factory })
    expect(made).toHaveLength(0)
    const bytes = randomBytes(3 * MIB)
    expect(await hashBlob(new Blob([bytes]), { worker: factory })).toBe(await sha256Of(bytes))
    expect(made).toHaveLength(1)
  })

  it('shares two workers among many blobs', async () => {
    const { factory, made } = countingFactory()
    const all = Array.from({ length: 9 }, (_, n) => randomBytes(MIB + n))
    const hashes = await Promise.all(all.map((bytes) => hashInWorker(new Blob([bytes]), { worker: factory })))
    expect(hashes).toEqual(await Promise.all(all.map((bytes) => sha256Of(bytes))))
    expect(made).toHaveLength(2)
  })

  it('falls back to this thread when the worker does not start', async () => {
    const { factory, made } = countingFactory(() => new Worker(URL.createObjectURL(new Blob(['throw new Error("no")'])), { type: 'module' }))
    const bytes = randomBytes(MIB)
    expect(await hashInWorker(new Blob([bytes]), { worker: factory })).toBe(await sha256Of(bytes))
    expect(await hashInWorker(new Blob([bytes]), { worker: factory })).toBe(await sha256Of(bytes))
    expect(made).toHaveLength(1)
  })

  it('falls back to this thread when the worker is there and never says a word', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
    const { factory, made } = countingFactory(() => new Worker(URL.createObjectURL(new Blob(['// mute'], { type: 'text/javascript' })), { type: 'module' }))
    const bytes = randomBytes(MIB)
    const hashes = [1, 2].map(() => hashInWorker(new Blob([bytes]), { worker: factory }))
    await vi.advanceTimersByTimeAsync(BEGINS_WITHIN_MS)
    expect(await Promise.all(hashes)).toEqual([await sha256Of(bytes), await sha256Of(bytes)])
    expect(await hashInWorker(new Blob([bytes]), { worker: factory })).toBe(await sha256Of(bytes))
    expect(made).toHaveLength(2)
  })

  it('falls back to this thread when workers are forbidden', async () => {
    const bytes = randomBytes(MIB)
    const forbidden = (): Worker => { throw new DOMException('no', 'SecurityError') }
    expect(await hashInWorker(new Blob([bytes]), { worker: forbidden })).toBe(await sha256Of(bytes))
  })

  it('rejects with the reason when aborted and works on', async () => {
    const { factory, made } = countingFactory()
    const [reason, controller] = [new Error('enough'), new AbortController()]
    const aborted = hashInWorker(new Blob([randomBytes(80 * MIB)]), { worker: factory, signal: controller.signal })
    await vi.waitFor(() => expect(made).toHaveLength(1))
    controller.abort(reason)
    await expect(aborted).rejects.toBe(reason)
    const bytes = randomBytes(MIB)
    expect(await hashInWorker(new Blob([bytes]), { worker: factory })).toBe(await sha256Of(bytes))
    expect(made).toHaveLength(1)
  })

  it('lets an aborted blob leave the queue at once', async () => {
    const { factory } = countingFactory()
    const [reason, controller] = [new Error('enough'), new AbortController()]
    const busy = [1, 2].map(() => hashInWorker(new Blob([randomBytes(80 * MIB)]), { worker: factory }))
    let isBusy = true
    const allDone = Promise.all(busy).then(() => { isBusy = false })
    const queued = hashInWorker(new Blob([randomBytes(10)]), { worker: factory, signal: controller.signal })
    controller.abort(reason)
    await expect(queued).rejects.toBe(reason)
    expect(isBusy).toBe(true)
    await allDone
  })

  it('ends idle workers', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
    try {
      const { factory, made } = countingFactory()
      await hashInWorker(new Blob([randomBytes(10)]), { worker: factory })
      const ended = vi.spyOn(made[0] as Worker, 'terminate')
      vi.advanceTimersByTime(60_000)
      expect(ended).toHaveBeenCalledOnce()
      await hashInWorker(new Blob([randomBytes(10)]), { worker: factory })
      expect(made).toHaveLength(2)
    } finally {
      vi.useRealTimers()
    }
  })
})
