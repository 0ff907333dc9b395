import { ProviderLife, Requester } from '@bse/core/http'
import { BATCH_LIMITS } from '@bse/core/wire'
import type { BlobProvider, RemoteRef } from '@bse/core/provider'
import { uploadBatch } from './batch.ts'
import { openBlob } from './download.ts'
import { Endpoint } from './endpoint.ts'
import { listBlobs } from './list.ts'
import { StatClient } from './stat.ts'
import { uploadBlob } from './upload.ts'

export interface HttpBlobsOptions {
  /** Where `GET /:hash` is answered, for example `https://photos.example/blobs`; in a page also relative to it. */
  readonly url: string
  /** Sent with every request, before those of the engine's `auth`. Not the place for what expires. */
  readonly headers?: Readonly<Record<string, string>>
  /** True where reading needs no headers: an `<img>` may then load the plain URL. Default false. */
  readonly publicReads?: boolean
  /** False for a server without `POST <url>`. Default true. */
  readonly batch?: boolean
  /** Largest blob that the server takes, in bytes. Default: not known. */
  readonly maxBytes?: number
  /** How long a request may stand still. Default 30 s. */
  readonly idleTimeoutMs?: number
}

const IDLE_TIMEOUT_MS = 30_000

/**
 * Blobs on a content-addressed HTTP server, such as `bse-server`. Uploads are whole: a cut one starts again.
 *
 * @throws BseError `CONFIG_INVALID` for a URL that cannot be one.
 */
export function httpBlobs(options: HttpBlobsOptions): BlobProvider {
  const endpoint = new Endpoint(options.url)
  const life = new ProviderLife<Connected>('blob-http')
  return {
    name: 'http',
    get remoteId() {
      return endpoint.remoteId
    },
    capabilities: { resumable: false, maxBytes: options.maxBytes, dedupes: true, checkpointIsSecret: false },
    connect: (context) => {
      const requester = new Requester(context, { adapter: 'blob-http', headers: options.headers ?? {}, idleMs: options.idleTimeoutMs ?? IDLE_TIMEOUT_MS })
      life.connect({ requester, stats: new StatClient(requester, endpoint) })
    },
    open: (ref, options) => life.run(options.signal, ({ requester }, signal) => openBlob(requester, endpoint, ref, { ...options, signal })),
    stat: (hashes, { signal }) => life.run(signal, ({ stats }, both) => stats.stat(hashes, both)),
    list: ({ signal }) => life.stream(signal, ({ requester }, both) => listBlobs(requester, endpoint, both)),
    upload: (task, io) => life.run(io.signal, (parts, signal) => uploadBlob({ ...parts, endpoint }, task, { onProgress: (progress) => io.onProgress(progress), signal })),
    abandon: async (_checkpoint, { signal }) => signal.throwIfAborted(),
    close: async () => life.close(),
    ...(options.publicReads === true ? { url: async (ref: RemoteRef) => ({ url: endpoint.blob(ref.hash), expiresAtMs: undefined }) } : {}),
    ...(options.batch === false ? {} : { batch: batchOf(life, endpoint) }),
  }
}

function batchOf(life: ProviderLife<Connected>, endpoint: Endpoint): NonNullable<BlobProvider['batch']> {
  return {
    ...BATCH_LIMITS,
    upload: (tasks, options) => life.run(options.signal, ({ requester }, signal) => uploadBatch(requester, endpoint, tasks, signal)),
  }
}

interface Connected {
  readonly requester: Requester
  readonly stats: StatClient
}
