import { createHasher } from '@bse/core/hash'
import { blobHashFromBytes, type BlobHash } from '@bse/core/wire'

/** SHA-256 of bytes that pass by, by what the platform has: workers have a stream of their own for it and refuse WebAssembly from bytes. */
export interface StreamHash {
  update(chunk: Uint8Array<ArrayBuffer>): void | Promise<void>
  digest(): Promise<BlobHash>
}

type DigestStream = WritableStream<Uint8Array> & { readonly digest: Promise<ArrayBuffer> }
type DigestStreamClass = new (algorithm: 'SHA-256') => DigestStream

export async function streamHash(): Promise<StreamHash> {
  const { DigestStream } = crypto as { readonly DigestStream?: DigestStreamClass }
  if (DigestStream !== undefined) return workerHash(new DigestStream('SHA-256'))
  const hasher = await createHasher()
  return { update: (chunk) => hasher.update(chunk), digest: async () => hasher.digest() }
}

function workerHash(stream: DigestStream): StreamHash {
  const writer = stream.getWriter()
  return {
    update: (chunk) => writer.write(chunk),
    digest: async () => {
      await writer.close()
      return blobHashFromBytes(new Uint8Array(await stream.digest))
    },
  }
}

/** Reads to the end. */
export async function hashOfStream(body: ReadableStream<Uint8Array>): Promise<BlobHash> {
  const hash = await streamHash()
  const reader = body.getReader()
  for (let next = await reader.read(); !next.done; next = await reader.read()) await hash.update(next.value as Uint8Array<ArrayBuffer>)
  return hash.digest()
}

export async function hashOfBytes(bytes: Uint8Array<ArrayBuffer>): Promise<BlobHash> {
  return blobHashFromBytes(new Uint8Array(await crypto.subtle.digest('SHA-256', bytes)))
}
