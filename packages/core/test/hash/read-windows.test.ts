import { describe, expect, it, vi } from 'vitest'
import { readWindows } from '../../src/hash/index.ts'
import { randomBytes } from '../../src/testing/index.ts'

const WINDOW_BYTES = 65_536

/** Copies, since a window holds only until the next one. */
async function windowsOf(blob: Blob): Promise<readonly Uint8Array[]> {
  const windows: Uint8Array[] = []
  for await (const window of readWindows(blob, WINDOW_BYTES)) windows.push(window.slice())
  return windows
}

/** As in browsers whose blobs are no byte streams. */
function withPlainStream(blob: Blob): Blob {
  vi.spyOn(blob, 'stream').mockImplementation(() => new ReadableStream())
  return blob
}

describe.each([
  { by: 'byte stream', of: (blob: Blob) => blob },
  { by: 'slices', of: withPlainStream },
])('readWindows by $by', ({ of }) => {
  it.each([0, 1, WINDOW_BYTES - 1, WINDOW_BYTES, WINDOW_BYTES + 1, 5 * WINDOW_BYTES, 7 * WINDOW_BYTES + 3])('gives all of %i bytes, in whole windows but for the last', async (sizeBytes) => {
    const bytes = randomBytes(sizeBytes)
    const windows = await windowsOf(of(new Blob([bytes])))
    expect(Buffer.concat(windows).equals(Buffer.from(bytes))).toBe(true)
    expect(windows.slice(0, -1).every(({ length }) => length === WINDOW_BYTES)).toBe(true)
  })

  it('rejects with the reason when aborted between two windows', async () => {
    const [reason, controller] = [new Error('enough'), new AbortController()]
    const windows = readWindows(of(new Blob([randomBytes(3 * WINDOW_BYTES)])), WINDOW_BYTES, controller.signal)
    expect((await windows.next()).done).toBe(false)
    controller.abort(reason)
    await expect(windows.next()).rejects.toBe(reason)
  })
})

describe('readWindows', () => {
  it('cancels a stream that is not read to its end', async () => {
    const cancelled = vi.fn()
    const blob = new Blob(['long'])
    const endless = new ReadableStream({ type: 'bytes', pull: (controller) => controller.enqueue(new Uint8Array(1)), cancel: cancelled })
    vi.spyOn(blob, 'stream').mockImplementation(() => endless)
    for await (const window of readWindows(blob, 2)) if (window.length === 2) break
    expect(cancelled).toHaveBeenCalledOnce()
  })

  it('fails as the blob itself does when its stream gives no reason', async () => {
    const blob = new Blob(['long'])
    const [bare, fault] = [new TypeError('network error'), new DOMException('it is gone', 'NotFoundError')]
    vi.spyOn(blob, 'stream').mockImplementation(() => new ReadableStream({ type: 'bytes', pull: (controller) => controller.error(bare) }))
    await expect(readWindows(blob, 1).next()).rejects.toBe(bare)
    vi.spyOn(blob, 'slice').mockImplementation(() => Object.assign(new Blob(['x']), { arrayBuffer: () => Promise.reject(fault) }))
    await expect(readWindows(blob, 1).next()).rejects.toBe(fault)
  })
})
