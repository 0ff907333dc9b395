import { Upload, type DetailedError } from 'tus-js-client'
import { ConfiguredUrl, ProviderLife, Requester } from '@bse/core/http'
import { BseError, isBseError, type Json } from '@bse/core/wire'
import type { BlobProvider } from '@bse/core/provider'
import { uploadUrlIn } from './checkpoint.ts'
import { StackResponse, tusStack } from './tus-stack.ts'
import { uploadBlob, type UploadParts } from './upload.ts'

export interface TusBlobsOptions {
  /** Where uploads are created, for example `https://photos.example/files`; in a page also relative to it. */
  readonly endpoint: string
  /** Reads what the tus server stores, for example `httpBlobs({ url })`: tus only takes. Its batches carry the small blobs. */
  readonly source: BlobProvider
  /** Bytes of one request, for proxies with a limit; each costs a round trip. Default: all that is left in one. */
  readonly chunkSize?: number
  /** Sent with every request, before those of the engine's `auth`. Not the place for what expires. */
  readonly headers?: Readonly<Record<string, string>>
  /** Largest blob that the server takes, in bytes. Default: what `source` says. */
  readonly maxBytes?: number
  /** How long a request may stand still. Default 30 s. */
  readonly idleTimeoutMs?: number
}

const IDLE_TIMEOUT_MS = 30_000
/** A server without terminations lets its uploads expire. */
const NOTHING_TO_END: ReadonlySet<number> = new Set([403, 404, 405, 410, 501])

/**
 * Uploads that go on where they were cut, by tus 1.0. The server must put a finished upload where `source` reads it.
 *
 * @throws BseError `CONFIG_INVALID`.
 */
export function tusBlobs(options: TusBlobsOptions): BlobProvider {
  const { chunkSize = Number.POSITIVE_INFINITY, headers = {}, idleTimeoutMs = IDLE_TIMEOUT_MS, source } = options
  if (chunkSize !== Number.POSITIVE_INFINITY && !(Number.isSafeInteger(chunkSize) && chunkSize > 0)) {
    throw new BseError('CONFIG_INVALID', 'blob-tus: a chunk has at least one byte', { option: 'chunkSize' })
  }
  const endpoint = new ConfiguredUrl(options.endpoint, { adapter: 'blob-tus', option: 'endpoint' })
  const life = new ProviderLife<Pick<UploadParts, 'requester'>>('blob-tus')
  const run = <T>(signal: AbortSignal, work: (parts: UploadParts, signal: AbortSignal) => Promise<T>): Promise<T> =>
    life.run(signal, ({ requester }, both) => work({ requester, source, chunkSize, endpoint: endpoint.url }, both))
  return {
    name: 'tus',
    get remoteId() {
      return source.remoteId
    },
    capabilities: { resumable: true, maxBytes: options.maxBytes ?? source.capabilities.maxBytes, dedupes: true, checkpointIsSecret: true },
    connect: (context) => {
      source.connect(context)
      life.connect({ requester: new Requester(context, { adapter: 'blob-tus', headers, idleMs: idleTimeoutMs }) })
    },
    open: (ref, io) => source.open(ref, io),
    stat: (hashes, io) => source.stat(hashes, io),
    upload: (task, io) => run(io.signal, (parts, signal) => uploadBlob(parts, task, { ...io, saveCheckpoint: (next) => io.saveCheckpoint(next), onProgress: (progress) => io.onProgress(progress), signal })),
    abandon: (checkpoint, io) => run(io.signal, (parts, signal) => endUpload(parts, checkpoint, signal)),
    close: async () => {
      life.close()
      await source.close()
    },
    ...(source.url === undefined ? {} : { url: source.url.bind(source) }),
    ...(source.batch === undefined ? {} : { batch: source.batch }),
    ...(source.delete === undefined ? {} : { delete: source.delete.bind(source) }),
  }
}

async function endUpload(parts: UploadParts, checkpoint: Json, signal: AbortSignal): Promise<void> {
  const uploadUrl = uploadUrlIn(checkpoint, parts.endpoint)
  if (uploadUrl === undefined) return
  try {
    const httpStack = tusStack({ ...parts, about: {}, signal, ready: () => Promise.resolve() })
    await Upload.terminate(uploadUrl, { httpStack, retryDelays: null })
  } catch (error) {
    signal.throwIfAborted()
    const { causingError, originalResponse } = error as DetailedError
    if (isBseError(causingError)) throw causingError
    if (!(originalResponse instanceof StackResponse)) throw error
    if (!NOTHING_TO_END.has(originalResponse.getStatus())) throw originalResponse.error
  }
}
