import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { onTestFinished } from 'vitest'
import type { BlobProvider, ProviderContext, UploadIo, UploadTask } from '@bse/core/provider'
import { plainProviderContext, randomBytes, sha256Of } from '@bse/core/testing'
import { hexOf } from '@bse/core/wire'
import { s3Blobs, type S3BlobsOptions } from '../../src/index.ts'

export const signal: AbortSignal = new AbortController().signal
export const io: UploadIo = { checkpoint: undefined, saveCheckpoint: async () => undefined, onProgress: () => undefined, signal }

export async function randomTask(sizeBytes: number): Promise<UploadTask> {
  const bytes = randomBytes(sizeBytes)
  return { hash: await sha256Of(bytes), sizeBytes, type: 'image/png', blob: new Blob([bytes]) }
}

export interface Seen {
  readonly method: string
  readonly url: string
  readonly headers: IncomingMessage['headers']
  readonly body: string
}

export interface Stub {
  readonly url: string
  readonly seen: readonly Seen[]
}

/** A server that says whatever a test wants. */
export async function stub(answer: (request: Seen, response: ServerResponse) => void): Promise<Stub> {
  const seen: Seen[] = []
  const server = createServer((incoming, response) => {
    const chunks: Buffer[] = []
    incoming.on('data', (chunk: Buffer) => chunks.push(chunk)).once('end', () => {
      const request = { method: incoming.method ?? '', url: incoming.url ?? '', headers: incoming.headers, body: Buffer.concat(chunks).toString('latin1') }
      seen.push(request)
      answer(request, response)
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  onTestFinished(() => {
    server.closeAllConnections()
    server.close()
  })
  return { seen, url: `http://127.0.0.1:${(server.address() as AddressInfo).port}` }
}

export type PresignAnswer = (asked: { readonly [field: string]: unknown }, count: number) => unknown

/** A presign endpoint that answers what a test wants. */
export function presignStub(answer: PresignAnswer): Promise<Stub> {
  let count = 0
  return stub(({ body }, response) => {
    response.writeHead(200, { 'content-type': 'application/json' })
    response.end(JSON.stringify(answer(JSON.parse(body) as { readonly [field: string]: unknown }, (count += 1))))
  })
}

export function provider(presign: Stub, storeUrl: string, options: Partial<S3BlobsOptions> = {}, context: Partial<ProviderContext> = {}): BlobProvider {
  const made = s3Blobs({ presignEndpoint: `${presign.url}/sign`, storeUrl, ...options })
  made.connect(plainProviderContext(context))
  onTestFinished(() => made.close())
  return made
}

/** What a good endpoint signs for a PUT of the whole. */
export function goodPut(storeUrl: string, task: UploadTask): { method: string; url: string; headers: Record<string, string>; expiresInMs: number } {
  const checksum = Buffer.from(hexOf(task.hash), 'hex').toString('base64')
  const query = 'X-Amz-SignedHeaders=content-length%3Bhost%3Bif-none-match%3Bx-amz-checksum-sha256'
  return {
    method: 'PUT', url: `${storeUrl}/incoming/family/0123456789abcdef/${hexOf(task.hash)}?${query}`, expiresInMs: 60_000,
    headers: { 'if-none-match': '*', 'x-amz-checksum-sha256': checksum },
  }
}

export function goodGet(storeUrl: string, hash: UploadTask['hash']): { method: string; url: string; headers: Record<string, string>; expiresInMs: number } {
  return { method: 'GET', url: `${storeUrl}/family/${hexOf(hash)}?X-Amz-SignedHeaders=host`, headers: {}, expiresInMs: 60_000 }
}
