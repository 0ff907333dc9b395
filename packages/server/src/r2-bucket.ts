import { hexOf, type BlobHash } from '@bse/core/wire'
import type { ObjectBucket, ObjectHead, ObjectPage, PartedObject } from './object-bucket.ts'

/** The part of a Worker's R2 binding that is used here; `R2Bucket` of Cloudflare's types fits. */
export interface R2Binding {
  head(key: string): Promise<R2Head | null>
  get(key: string, options?: { readonly range?: { readonly offset: number; readonly length: number } }): Promise<(R2Head & { readonly body: ReadableStream<Uint8Array> }) | null>
  put(key: string, value: Uint8Array<ArrayBuffer>, options?: { readonly sha256?: string }): Promise<unknown>
  delete(key: string): Promise<void>
  createMultipartUpload(key: string): Promise<R2Upload>
  list(options: { readonly prefix: string; readonly startAfter?: string; readonly limit: number }): Promise<R2Page>
}

interface R2Head {
  readonly size: number
  readonly etag: string
}

interface R2Page {
  readonly objects: readonly { readonly key: string; readonly size: number }[]
  readonly truncated: boolean
}

interface R2Part {
  readonly partNumber: number
  readonly etag: string
}

interface R2Upload {
  uploadPart(partNumber: number, value: Uint8Array<ArrayBuffer>): Promise<R2Part>
  complete(parts: R2Part[]): Promise<unknown>
  abort(): Promise<void>
}

/** The bucket that a Worker is bound to. R2 compares the SHA-256 of what comes whole and refuses other bytes. */
export function r2Bucket(binding: R2Binding): ObjectBucket {
  return {
    head: async (key): Promise<ObjectHead | undefined> => {
      const found = await binding.head(key)
      return found === null ? undefined : { sizeBytes: found.size, etag: found.etag }
    },
    get: async (key, range) => {
      const options = range === undefined ? {} : { range: { offset: range.start, length: range.end - range.start } }
      return (await binding.get(key, options))?.body
    },
    put: async (key: string, bytes: Uint8Array<ArrayBuffer>, hash: BlobHash): Promise<void> => {
      await binding.put(key, bytes, { sha256: hexOf(hash) })
    },
    delete: (key) => binding.delete(key),
    begin: async (key) => partedObject(await binding.createMultipartUpload(key)),
    list: async (prefix, { after, limit }): Promise<ObjectPage> => {
      const page = await binding.list({ prefix, limit, ...(after === '' ? {} : { startAfter: after }) })
      return { objects: page.objects.map(({ key, size }) => ({ key, sizeBytes: size })), more: page.truncated }
    },
  }
}

function partedObject(upload: R2Upload): PartedObject {
  const parts: R2Part[] = []
  return {
    part: async (partNumber, bytes) => void parts.push(await upload.uploadPart(partNumber, bytes)),
    complete: async () => void (await upload.complete(parts)),
    abort: () => upload.abort(),
  }
}
