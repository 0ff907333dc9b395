import { expect, it } from 'vitest'
import { plainProviderContext } from '@bse/core/testing'
import { hexOf } from '@bse/core/wire'
import type { BlobProvider } from '@bse/core/provider'
import { s3Blobs } from '../../src/index.ts'
import { s3Backend } from '../support/backend.ts'
import { io, randomTask } from '../support/stubs.ts'

const backend = s3Backend({ trust: true })

function provider(multipartFromBytes: number): BlobProvider {
  const made = s3Blobs({ ...backend(), multipartFromBytes, partBytes: 100_000 })
  made.connect(plainProviderContext())
  return made
}

it.each([[1, 'parts'], [1_000_000, 'one piece']])('takes bytes to their place at once where every writer is trusted (from %i on in %s)', async (multipartFromBytes) => {
  const task = await randomTask(250_000)
  expect(await provider(multipartFromBytes).upload(task, io)).toEqual({ verified: 'size' })
  const { objects } = await backend().bucket.list('', { after: '', limit: 100 })
  expect(objects.filter(({ key }) => key.endsWith(hexOf(task.hash)))).toEqual([{ key: `family/${hexOf(task.hash)}`, sizeBytes: 250_000 }])
})

it('never replaces what is there, not even then', async () => {
  const [task, other] = [await randomTask(1_000), await randomTask(1_000)]
  await provider(1_000_000).upload(task, io)
  expect(await provider(1_000_000).upload({ ...task, blob: other.blob }, io)).toEqual({ verified: 'size' })
  const body = await backend().bucket.get(`family/${hexOf(task.hash)}`)
  expect(Buffer.from(await new Response(body as ReadableStream<Uint8Array<ArrayBuffer>>).arrayBuffer())).toEqual(Buffer.from(await task.blob.arrayBuffer()))
})
