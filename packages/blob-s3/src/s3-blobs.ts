import { ConfiguredUrl, ProviderLife, Requester } from '@bse/core/http'
import { BseError } from '@bse/core/wire'
import type { BlobProvider } from '@bse/core/provider'
import { checkpointFromJson } from './checkpoint.ts'
import { openBlob } from './download.ts'
import { freeUpload, uploadMultipart } from './multipart-upload.ts'
import type { S3Parts } from './parts.ts'
import { PresignClient } from './presign-client.ts'
import { StoreUrl } from './signed-request.ts'
import { SignedUrls } from './signed-urls.ts'
import { uploadSingle } from './single-upload.ts'
import { statBlobs } from './stat.ts'

export interface S3BlobsOptions {
  /** Your server's route that signs, for example `/api/media/presign`; in a page also relative to it. */
  readonly presignEndpoint: string
  /**
   * The bucket: `https://s3.eu-central-1.amazonaws.com/media` or `https://media.s3.eu-central-1.amazonaws.com`. Bytes go to no other place,
   * whatever the endpoint signs.
   */
  readonly storeUrl: string
  /** Sent to the presign endpoint with every request, before those of the engine's `auth`. Not the place for what expires. */
  readonly headers?: Readonly<Record<string, string>>
  /** From this size on a blob goes in parts and can be resumed. Default 16 MiB. */
  readonly multipartFromBytes?: number
  /** Of one part; S3 wants 5 MiB or more. Larger where a blob would have more than 10,000. Default 8 MiB. */
  readonly partBytes?: number
  /** How many parts are on their way at once. Default 4. */
  readonly parallelParts?: number
  /** Largest blob that your server signs for, in bytes. Default: not known. */
  readonly maxBytes?: number
  /** How long a request may stand still. Default 30 s. */
  readonly idleTimeoutMs?: number
}

const MIB = 1_048_576
const DEFAULTS = { multipartFromBytes: 16 * MIB, partBytes: 8 * MIB, parallelParts: 4, idleTimeoutMs: 30_000 } as const

/** A connected provider. */
interface Connected extends S3Parts {
  readonly urls: SignedUrls
}

/**
 * Blobs in a bucket of S3 or of what speaks like it. Bytes go straight there; your server only signs, and verifies what has come. No key of the
 * store is ever in the page.
 *
 * @throws BseError `CONFIG_INVALID` for URLs that cannot be any, and sizes that are none.
 */
export function s3Blobs(options: S3BlobsOptions): BlobProvider {
  const settings = { ...DEFAULTS, ...options }
  const endpoint = new ConfiguredUrl(options.presignEndpoint, { adapter: 'blob-s3', option: 'presignEndpoint' })
  const place = new StoreUrl(new ConfiguredUrl(options.storeUrl, { adapter: 'blob-s3', option: 'storeUrl' }))
  for (const option of ['partBytes', 'parallelParts'] as const) {
    if (!Number.isSafeInteger(settings[option]) || settings[option] < 1) throw new BseError('CONFIG_INVALID', 'blob-s3: wants a whole number from 1 on', { option })
  }
  const multipart = { partBytes: settings.partBytes, parallel: settings.parallelParts }
  const life = new ProviderLife<Connected>('blob-s3')
  return {
    name: 's3',
    get remoteId() {
      return place.remoteId
    },
    capabilities: { resumable: true, maxBytes: options.maxBytes, dedupes: true, checkpointIsSecret: false },
    connect: (context) => {
      const shared = { adapter: 'blob-s3', idleMs: settings.idleTimeoutMs }
      const presign = new PresignClient(new Requester(context, { ...shared, headers: options.headers ?? {} }), endpoint)
      const parts = { presign, place, store: new Requester(context, { ...shared, headers: {}, auth: false }) }
      life.connect({ ...parts, urls: new SignedUrls(parts, context.clock) })
    },
    open: (ref, { range, signal }) => life.run(signal, (parts, both) => openBlob(parts, parts.urls, ref, { signal: both, ...(range === undefined ? {} : { range }) })),
    url: (ref, { expiresInMs, signal }) => life.run(signal, ({ urls }, both) => urls.get(ref, expiresInMs, both)),
    stat: (hashes, { signal }) => life.run(signal, (parts, both) => statBlobs(parts, hashes, both)),
    upload: (task, io) => life.run(io.signal, async (parts, signal) => {
      const own = { checkpoint: io.checkpoint, saveCheckpoint: io.saveCheckpoint.bind(io), onProgress: io.onProgress.bind(io), signal }
      const isLarge = task.sizeBytes >= settings.multipartFromBytes || checkpointFromJson(io.checkpoint) !== undefined
      const receipt = isLarge ? await uploadMultipart(parts, task, own, multipart) : await uploadSingle(parts, task, own)
      io.onProgress({ sentBytes: task.sizeBytes, confirmedBytes: task.sizeBytes })
      return receipt
    }),
    abandon: (json, { signal }) => life.run(signal, async (parts, both) => {
      const checkpoint = checkpointFromJson(json)
      if (checkpoint !== undefined) await freeUpload(parts, checkpoint, both)
    }),
    close: async () => life.close(),
  }
}
