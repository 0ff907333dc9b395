import { expect, it } from 'vitest'
import type { BlobHash } from '@bse/core/wire'
import { stubServer } from './support/stub-server.ts'

const hashes = (from: number, count: number): BlobHash[] => Array.from({ length: count }, (_, n): BlobHash => `sha256:${(from + n).toString(16).padStart(64, '0')}`)

async function all(pages: AsyncIterable<readonly BlobHash[]> | undefined): Promise<readonly BlobHash[]> {
  const found: BlobHash[] = []
  for await (const page of pages ?? []) found.push(...page)
  return found
}

// E-096
it('lists every blob of a server, page by page', async () => {
  const server = await stubServer(({ path }, response) => {
    const cursor = new URL(path, 'http://x').searchParams.get('cursor')
    const blobs = hashes(cursor === null ? 0 : 3, 3).map((hash) => ({ hash, sizeBytes: 1 }))
    response.setHeader('content-type', 'application/json').end(JSON.stringify(cursor === null ? { blobs, next: 'after & more' } : { blobs }))
  })
  expect(await all(server.provider().list?.({ signal: AbortSignal.timeout(20_000) }))).toEqual(hashes(0, 6))
  expect(server.seen).toHaveLength(2)
})

it.each([
  ['a page of a portal', '<html></html>'], ['no list', '{ "blobs": 3 }'], ['something else in it', '{ "blobs": [{ "hash": "sha256:x" }] }'], ['a strange cursor', '{ "blobs": [], "next": 7 }'],
])('takes %s for no answer', async (_, body) => {
  const server = await stubServer((_request, response) => void response.setHeader('content-type', 'application/json').end(body))
  await expect(all(server.provider().list?.({ signal: AbortSignal.timeout(20_000) }))).rejects.toMatchObject({ code: 'NETWORK' })
})

it('ends with the reason of its signal, and when the provider is closed', async () => {
  const server = await stubServer(() => undefined)
  const provider = server.provider()
  const reason = new Error('enough')
  await expect(all(provider.list?.({ signal: AbortSignal.abort(reason) }))).rejects.toBe(reason)
  const listing = all(provider.list?.({ signal: new AbortController().signal }))
  await provider.close()
  await expect(listing).rejects.toMatchObject({ code: 'CLOSED' })
})
