import type { ByteRange } from '../provider/cache-store.ts'
import type { BlobProvider, OpenedBlob, UploadIo, UploadReceipt, UploadTask } from '../provider/blob-provider.ts'
import type { BlobHash } from '../wire/blob-hash.ts'
import type { Json } from '../wire/json.ts'
import { collect, randomBytes, sameBytes, sha256Of } from './bytes.ts'
import { assert, rejection, type SuiteCase } from './suite.ts'

export interface BlobProviderContext {
  /** Connected, on a store that holds nothing of this case. */
  readonly provider: BlobProvider
  /** One more provider, connected, on the same store: another device, or the same one after a restart. */
  another(): Promise<BlobProvider>
}

export type BlobProviderCase = SuiteCase<BlobProviderContext>

/** A signal that never fires. */
export const patient: AbortSignal = new AbortController().signal

export function taskOf(hash: BlobHash, bytes: Uint8Array<ArrayBuffer>, type = 'image/png'): UploadTask {
  return { hash, sizeBytes: bytes.length, type, blob: new Blob([bytes], { type }) }
}

export async function randomTask(sizeBytes: number): Promise<{ readonly bytes: Uint8Array<ArrayBuffer>; readonly task: UploadTask }> {
  const bytes = randomBytes(sizeBytes)
  return { bytes, task: taskOf(await sha256Of(bytes), bytes) }
}

/** Bytes under the hash of other bytes of the same length. */
export async function wrongTask(sizeBytes: number): Promise<UploadTask> {
  return taskOf(await sha256Of(randomBytes(sizeBytes)), randomBytes(sizeBytes))
}

/** An `UploadIo` without a past, but for what `options` says. */
export function ioOf(options: Partial<UploadIo> = {}): UploadIo {
  return { checkpoint: undefined, saveCheckpoint: async () => undefined, onProgress: () => undefined, signal: patient, ...options }
}

/** An upload that is aborted as soon as it tells of its progress. Gives the last checkpoint, as it comes back from storage. */
export async function cutUpload(provider: BlobProvider, task: UploadTask): Promise<Json | undefined> {
  const [reason, controller] = [new Error('enough'), new AbortController()]
  let saved: string | undefined
  const saveCheckpoint = async (next: Json): Promise<void> => {
    saved = JSON.stringify(next)
  }
  const uploading = provider.upload(task, ioOf({ saveCheckpoint, signal: controller.signal, onProgress: () => controller.abort(reason) }))
  assert((await rejection(uploading, 'aborted upload')) === reason, 'it rejects with something else')
  return saved === undefined ? undefined : (JSON.parse(saved) as Json)
}

export function upload(provider: BlobProvider, task: UploadTask): Promise<UploadReceipt> {
  return provider.upload(task, ioOf())
}

export function open(provider: BlobProvider, hash: BlobHash, range?: ByteRange, signal: AbortSignal = patient): Promise<OpenedBlob> {
  return provider.open({ hash, sizeBytes: undefined, type: '' }, { signal, ...(range === undefined ? {} : { range }) })
}

/** The bytes of a range, also from a store that gave the whole instead. */
export async function readRange(provider: BlobProvider, hash: BlobHash, range: ByteRange): Promise<Uint8Array> {
  const opened = await open(provider, hash, range)
  const bytes = await collect(opened.body)
  return opened.range === undefined ? bytes.subarray(range.start, range.end) : bytes
}

export async function assertStored(provider: BlobProvider, hash: BlobHash, bytes: Uint8Array, what: string): Promise<void> {
  const opened = await open(provider, hash)
  assert(sameBytes(await collect(opened.body), bytes), `${what}: other bytes came back`)
}

export async function statOf(provider: BlobProvider, hash: BlobHash): Promise<string> {
  const [stat] = await provider.stat([hash], { signal: patient })
  return stat?.is ?? 'no answer'
}
