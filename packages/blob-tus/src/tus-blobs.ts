import { Upload, type DetailedError } from 'tus-js-client'
import { BseError, isBseError, type Json } from '@bse/core/wire'
import type { BlobProvider, ProviderContext } from '@bse/core/provider'
import { uploadUrlIn } from './checkpoint.ts'
import { TusEndpoint } from './endpoint.ts'
import { tusError } from './tus-error.ts'
import { tusStack } from './tus-stack.ts'
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
  const { source } = options
  const life = new Life(options)
  return {
    name: 'tus',
    get remoteId() {
      return source.remoteId
    },
    capabilities: { resumable: true, maxBytes: options.maxBytes ?? source.capabilities.maxBytes, dedupes: true, checkpointIsSecret: true },
    connect: (context) => life.connect(context),
    open: (ref, io) => source.open(ref, io),
    stat: (hashes, io) => source.stat(hashes, io),
    upload: (task, io) => life.run(io.signal, (parts, signal) => uploadBlob(parts, task, { ...io, saveCheckpoint: (next) => io.saveCheckpoint(next), onProgress: (progress) => io.onProgress(progress), signal })),
    abandon: (checkpoint, io) => life.run(io.signal, (parts, signal) => endUpload(parts, checkpoint, signal)),
    close: () => life.close(),
    ...(source.url === undefined ? {} : { url: source.url.bind(source) }),
    ...(source.batch === undefined ? {} : { batch: source.batch }),
    ...(source.delete === undefined ? {} : { delete: source.delete.bind(source) }),
  }
}

async function endUpload(parts: UploadParts, checkpoint: Json, signal: AbortSignal): Promise<void> {
  const uploadUrl = uploadUrlIn(checkpoint, parts.endpoint)
  if (uploadUrl === undefined) return
  try {
    await Upload.terminate(uploadUrl, { httpStack: tusStack({ ...parts, signal, ready: () => Promise.resolve() }), retryDelays: null })
  } catch (error) {
    signal.throwIfAborted()
    const { causingError, originalResponse } = error as DetailedError
    if (isBseError(causingError)) throw causingError
    const status = originalResponse?.getStatus() ?? 0
    if (NOTHING_TO_END.has(status)) return
    const answer = { status, retryAfter: originalResponse?.getHeader('Retry-After') ?? null, body: undefined }
    throw tusError({ hash: undefined, sizeBytes: undefined, nowMs: parts.context.clock.nowMs() }, answer)
  }
}

/** From `connect` to `close`: what is under way then ends with `CLOSED`. */
class Life {
  readonly #closing = new AbortController()
  readonly #options: TusBlobsOptions
  readonly #endpoint: TusEndpoint
  #parts: UploadParts | undefined

  constructor(options: TusBlobsOptions) {
    const { chunkSize } = options
    if (chunkSize !== undefined && !(Number.isSafeInteger(chunkSize) && chunkSize > 0)) {
      throw new BseError('CONFIG_INVALID', 'blob-tus: a chunk has at least one byte', { option: 'chunkSize' })
    }
    this.#options = options
    this.#endpoint = new TusEndpoint(options.endpoint)
  }

  connect(context: ProviderContext): void {
    const { chunkSize = Number.POSITIVE_INFINITY, headers = {}, idleTimeoutMs = IDLE_TIMEOUT_MS, source } = this.#options
    source.connect(context)
    this.#parts = { context, source, chunkSize, headers, endpoint: this.#endpoint, idleMs: idleTimeoutMs }
  }

  async run<T>(signal: AbortSignal, work: (parts: UploadParts, signal: AbortSignal) => Promise<T>): Promise<T> {
    if (this.#parts === undefined) throw new BseError('CONFIG_INVALID', 'blob-tus: not connected', { option: 'connect' })
    const both = AbortSignal.any([signal, this.#closing.signal])
    both.throwIfAborted()
    return work(this.#parts, both)
  }

  async close(): Promise<void> {
    if (!this.#closing.signal.aborted) this.#closing.abort(new BseError('CLOSED', 'blob-tus: the provider is closed', { what: 'provider' }))
    await this.#options.source.close()
  }
}
