import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { r2Blobs } from '@bse/blob-r2'
import { blobProviderSuite, randomBytes, sha256Of } from '@bse/core/testing'
import { startWorker, type RunningWorker } from '../../../scripts/services/workerd.ts'

let worker: RunningWorker | undefined
beforeAll(async () => {
  worker = await startWorker(join(import.meta.dirname, '../src/worker.ts'), { r2Buckets: ['MEDIA'] })
}, 60_000)
afterAll(() => worker?.close())

const headers = { authorization: 'Bearer open sesame' }

// R-030 R-230
blobProviderSuite({ describe, it }, { name: 'r2 by a Worker', open: async () => ({ provider: r2Blobs({ endpoint: `${worker?.url}/blobs`, headers }) }) })

describe('a blob that is more than the Worker holds in memory', () => {
  async function put(hash: string, bytes: Uint8Array<ArrayBuffer>): Promise<number> {
    const response = await fetch(`${worker?.url}/blobs/${hash}`, { method: 'PUT', headers, body: new Blob([bytes]) })
    await response.body?.cancel()
    return response.status
  }

  // R-175 X-016
  it('goes to the bucket in parts', async () => {
    const bytes = randomBytes(20_000_000)
    const hash = await sha256Of(bytes)
    expect(await put(hash, bytes)).toBe(201)
    const back = await fetch(`${worker?.url}/blobs/${hash}`, { headers })
    expect(await sha256Of(new Uint8Array(await back.arrayBuffer()))).toBe(hash)
  })

  it('leaves nothing when its hash names other bytes', async () => {
    // F-63
    const [bytes, hash] = [randomBytes(20_000_000), await sha256Of(randomBytes(10))]
    expect(await put(hash, bytes)).toBe(422)
    expect((await fetch(`${worker?.url}/blobs/${hash}`, { headers })).status).toBe(404)
  })
})
