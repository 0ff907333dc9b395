import { describe, expect, inject, it } from 'vitest'
import type { UploadProgress } from '@bse/core/provider'
import { plainProviderContext, randomBytes, sha256Of } from '@bse/core/testing'
import { httpBlobs } from '../src/index.ts'

const url = `${inject('blobServerUrl')}/blobs`
const signal = new AbortController().signal

async function uploadOf(sizeBytes: number, seen: UploadProgress[]): Promise<string> {
  const bytes = randomBytes(sizeBytes)
  const hash = await sha256Of(bytes)
  const provider = httpBlobs({ url })
  provider.connect(plainProviderContext())
  const file = new File([bytes], 'photo.jpg', { type: 'image/jpeg' })
  await provider.upload({ hash, sizeBytes, type: file.type, blob: file }, { checkpoint: undefined, saveCheckpoint: async () => undefined, onProgress: (progress) => seen.push(progress), signal })
  await provider.close()
  return hash
}

describe('in a page', () => {
  it('reports progress while the bytes are on their way', async () => {
    const seen: UploadProgress[] = []
    await uploadOf(40_000_000, seen)
    const onTheWay = seen.filter(({ sentBytes }) => sentBytes > 0 && sentBytes < 40_000_000)
    expect(onTheWay.length).toBeGreaterThan(0)
    expect(onTheWay.every(({ confirmedBytes }) => confirmedBytes === 0)).toBe(true)
  })

  it('sends a typed file as bare bytes', async () => {
    const hash = await uploadOf(100, [])
    const response = await fetch(`${url}/${hash}`)
    expect([response.status, response.headers.get('etag'), response.headers.get('content-length')]).toEqual([200, `"${hash}"`, '100'])
  })

  it('resolves a relative URL against the page', () => {
    expect(httpBlobs({ url: '/blobs' }).remoteId).toBe(`http:${location.origin}/blobs`)
  })

  it('shows a picture from its plain URL', async () => {
    // E-090: what `<img src>` does, over another origin.
    const canvas = new OffscreenCanvas(3, 2)
    canvas.getContext('2d')?.fillRect(0, 0, 3, 2)
    const picture = await canvas.convertToBlob({ type: 'image/png' })
    const hash = await sha256Of(new Uint8Array(await picture.arrayBuffer()))
    await fetch(`${url}/${hash}`, { method: 'PUT', body: picture })
    const image = new Image()
    image.src = `${url}/${hash}`
    await image.decode()
    expect([image.naturalWidth, image.naturalHeight]).toEqual([3, 2])
  })

  it('never shows an SVG that was uploaded, whatever it holds', async () => {
    // F-69
    const svg = new TextEncoder().encode('<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"><script>parent.postMessage("run","*")</script></svg>')
    const hash = await sha256Of(svg)
    await fetch(`${url}/${hash}`, { method: 'PUT', body: svg })
    const image = new Image()
    image.src = `${url}/${hash}`
    await expect(image.decode()).rejects.toThrow()
  })
})
