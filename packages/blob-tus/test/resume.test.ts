import { describe, expect, it, onTestFinished } from 'vitest'
import { isJsonObject } from '@bse/core/wire'
import { Proxy, type SeenRequest } from '../../../scripts/services/proxy.ts'
import { connected, isStored, memory, randomTask } from './support/carried.ts'
import { localServer } from './support/local-server.ts'

const SIZE = 2_000_000
const server = localServer()

async function wire(): Promise<Proxy> {
  const proxy = await Proxy.open(server.port)
  onTestFinished(() => proxy.close())
  return proxy
}

const isPatch = ({ method }: SeenRequest): boolean => method === 'PATCH'
/** Asking whether the blob is there is a POST, too. */
const methods = (proxy: Proxy): readonly string[] => proxy.requests.map(({ method }) => method)

describe('an upload that was cut', () => {
  // R-174 F-37
  it('goes on where the server stands, in a second provider', async () => {
    const proxy = await wire()
    const device = memory()
    const task = await randomTask(SIZE)
    const cut = proxy.cut({ part: 'body', after: 1_500_000, request: isPatch })
    await expect(connected(proxy.url).upload(task, device.io)).rejects.toMatchObject({ code: 'NETWORK' })
    expect(cut.request?.bodyBytes).toBe(1_500_000)
    proxy.forget()
    expect(await connected(proxy.url).upload(task, device.io)).toEqual({ verified: 'sha256' })
    expect(methods(proxy)).toEqual(['HEAD', 'PATCH'])
    expect(proxy.bodyBytes(isPatch)).toBeLessThan(SIZE - 1_000_000)
    expect(device.reports.at(-1)).toEqual({ sentBytes: SIZE, confirmedBytes: SIZE })
  })

  // F-38
  it('is not sent again when only the last answer was lost', async () => {
    const proxy = await wire()
    const device = memory()
    const task = await randomTask(SIZE)
    const cut = proxy.cut({ part: 'answer', after: 0, request: isPatch })
    await expect(connected(proxy.url).upload(task, device.io)).rejects.toMatchObject({ code: 'NETWORK' })
    expect(cut.happened).toBe(true)
    proxy.forget()
    await connected(proxy.url).upload(task, device.io)
    expect(methods(proxy)).toEqual(['HEAD', 'POST'])
    expect(proxy.requests[1]?.path).toBe('/blobs/stat')
  })

  // F-40
  it('is sent anew when the server has dropped it', async () => {
    const proxy = await wire()
    const device = memory()
    const task = await randomTask(SIZE)
    proxy.cut({ part: 'body', after: 1_000_000, request: isPatch })
    const provider = connected(proxy.url)
    await expect(provider.upload(task, device.io)).rejects.toMatchObject({ code: 'NETWORK' })
    await provider.abandon(device.checkpoint ?? null, { signal: device.io.signal })
    proxy.forget()
    await provider.upload(task, device.io)
    expect(methods(proxy)).toEqual(['HEAD', 'POST', 'POST', 'PATCH'])
    expect(await isStored(provider, task)).toBe(true)
  })

  it('begins anew when it was cut before the server named it', async () => {
    const proxy = await wire()
    const device = memory()
    const task = await randomTask(SIZE)
    proxy.cut({ part: 'answer', after: 0, request: ({ method, path }) => method === 'POST' && path === '/files' })
    await expect(connected(proxy.url).upload(task, device.io)).rejects.toMatchObject({ code: 'NETWORK' })
    expect(device.checkpoint).toBeUndefined()
    expect(await connected(proxy.url).upload(task, device.io)).toEqual({ verified: 'sha256' })
  })
})

describe('what goes over the wire', () => {
  it('is one PATCH for a large blob, and the creation alone for a small one', async () => {
    const proxy = await wire()
    await connected(proxy.url).upload(await randomTask(SIZE), memory().io)
    expect(methods(proxy)).toEqual(['POST', 'POST', 'PATCH'])
    proxy.forget()
    await connected(proxy.url).upload(await randomTask(20_000), memory().io)
    expect(methods(proxy)).toEqual(['POST'])
  })

  //
  it('is no more than a chunk at a time, each of them confirmed', async () => {
    const proxy = await wire()
    const device = memory()
    await connected(proxy.url, { chunkSize: 900_000 }).upload(await randomTask(SIZE), device.io)
    expect(proxy.requests.filter(isPatch).map(({ bodyBytes }) => bodyBytes)).toEqual([900_000, 900_000, 200_000])
    expect(new Set(device.reports.map(({ confirmedBytes }) => confirmedBytes))).toEqual(new Set([0, 900_000, 1_800_000, SIZE - 1, SIZE]))
  })

  it('is nothing when the blob is there already', async () => {
    const proxy = await wire()
    const task = await randomTask(SIZE)
    await connected(proxy.url).upload(task, memory().io)
    proxy.forget()
    await connected(proxy.url).upload(task, memory().io)
    expect(proxy.bodyBytes()).toBeLessThan(200)
  })

  // F-42 F-51
  it('is refused when a byte of it was changed on the way, and sent again whole', async () => {
    const proxy = await wire()
    const device = memory()
    const task = await randomTask(SIZE)
    const flipped = proxy.inject({ part: 'body', after: 700_000, request: isPatch }, { do: 'corrupt' })
    await expect(connected(proxy.url).upload(task, device.io)).rejects.toMatchObject({ code: 'HASH_MISMATCH' })
    expect(flipped.happened).toBe(true)
    expect(device.checkpoint).toBeNull()
    expect(await isStored(connected(server.url), task)).toBe(false)
    expect(await connected(proxy.url).upload(task, device.io)).toEqual({ verified: 'sha256' })
  })
})

describe('a checkpoint', () => {
  it('holds the address of the upload and its size, and is saved before a byte is sent', async () => {
    const proxy = await wire()
    const device = memory()
    proxy.cut({ part: 'body', after: 1, request: isPatch })
    const saved: number[] = []
    const io = { ...device.io, saveCheckpoint: async (next: Parameters<typeof device.io.saveCheckpoint>[0]) => (saved.push(proxy.bodyBytes(isPatch)), device.io.saveCheckpoint(next)) }
    await expect(connected(proxy.url).upload(await randomTask(SIZE), io)).rejects.toMatchObject({ code: 'NETWORK' })
    expect(saved).toEqual([0])
    expect(isJsonObject(device.checkpoint) && device.checkpoint).toMatchObject({ sizeBytes: SIZE })
  })

  it('that cannot be saved stops the upload before its first byte', async () => {
    const proxy = await wire()
    const full = new Error('the disk is full')
    const io = { ...memory().io, checkpoint: undefined, saveCheckpoint: () => Promise.reject(full) }
    await expect(connected(proxy.url).upload(await randomTask(SIZE), io)).rejects.toBe(full)
    expect(proxy.bodyBytes(isPatch)).toBe(0)
  })

  it('of another server is not followed', async () => {
    const elsewhere = await wire()
    const checkpoint = { uploadUrl: `${elsewhere.url}/files/00000000000000000000000000000000`, sizeBytes: SIZE }
    await connected(server.url).upload(await randomTask(SIZE), { ...memory().io, checkpoint })
    expect(elsewhere.connections).toBe(0)
  })
})
