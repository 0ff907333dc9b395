import { Upload, type DetailedError, type HttpResponse } from 'tus-js-client'
import { BseError, isBseError } from '@bse/core/wire'
import type { UploadIo, UploadTask } from '@bse/core/provider'
import { checkpointOf } from './checkpoint.ts'
import { StackResponse, tusStack, type StackParts } from './tus-stack.ts'

export interface RunParts extends Pick<StackParts, 'endpoint' | 'requester'> {
  /** Bytes of one PATCH. */
  readonly chunkSize: number
}

/** Up to this size the bytes go along with the creation: one request instead of two. */
const WITH_CREATION_BYTES = 262_144

/** An answer that ended a run, and may be something that a second run mends. */
export class TusRefusal extends Error {
  readonly status: number
  /** The method of the request that was refused. */
  readonly method: string
  readonly error: BseError

  constructor(method: string, status: number, error: BseError) {
    super(error.message, { cause: error })
    this.method = method
    this.status = status
    this.error = error
  }
}

/**
 * One run of tus-js-client, from the creation, or from where `uploadUrl` stands, to the last byte. Resolves with the hash that the
 * server says it stored, where it says so.
 *
 * @throws TusRefusal; BseError `NETWORK` and the like; the signal's reason when aborted.
 */
export async function runUpload(parts: RunParts, task: UploadTask, io: UploadIo, uploadUrl: string | undefined): Promise<string | undefined> {
  const { promise, reject, resolve } = Promise.withResolvers<HttpResponse>()
  const { sizeBytes } = task
  let saving: Promise<void> = Promise.resolve()
  let stalls = 0
  const progress = new Progress(io, sizeBytes)
  const upload = new Upload(task.blob, {
    ...(uploadUrl === undefined ? { endpoint: parts.endpoint.href } : { uploadUrl }),
    metadata: { hash: task.hash },
    uploadSize: sizeBytes,
    chunkSize: parts.chunkSize,
    uploadDataDuringCreation: sizeBytes > 0 && sizeBytes <= WITH_CREATION_BYTES,
    retryDelays: null,
    storeFingerprintForResuming: false,
    fingerprint: async () => task.hash,
    httpStack: tusStack({ ...parts, about: { hash: task.hash, sizeBytes }, signal: io.signal, ready: () => saving }),
    fileReader: { openFile: async () => sliceable(task.blob) },
    onUploadUrlAvailable: () => {
      if (upload.url === null || upload.url === uploadUrl) return
      saving = io.saveCheckpoint(checkpointOf(upload.url, sizeBytes))
      // Whoever sends the next byte hears of it; where none is left to send, the last line here does.
      saving.catch(() => undefined)
    },
    onProgress: (sentBytes) => progress.sent(sentBytes),
    onChunkComplete: (acceptedBytes, confirmedBytes) => {
      // A creation may take nothing of what came with it; whoever takes nothing again would be asked for ever.
      stalls += acceptedBytes === 0 ? 1 : 0
      if (stalls > 1 || acceptedBytes < 0 || confirmedBytes > sizeBytes) reject(notTus())
      else progress.confirmed(confirmedBytes)
    },
    onSuccess: ({ lastResponse }) => resolve(lastResponse),
    onError: (error) => reject(failureOf(error)),
  })
  const onAbort = (): void => reject(io.signal.reason)
  io.signal.addEventListener('abort', onAbort, { once: true })
  try {
    upload.start()
    const answer = await promise
    await saving
    return answer.getHeader('Bse-Stored')
  } catch (error) {
    io.signal.throwIfAborted()
    throw error
  } finally {
    io.signal.removeEventListener('abort', onAbort)
    await upload.abort()
  }
}

/** Slices of a Blob are read when they are sent; tus-js-client's own readers know no Blob in Node. */
function sliceable(blob: Blob): { size: number; slice(start: number, end: number): Promise<{ value: Blob; done: boolean }>; close(): void } {
  return {
    size: blob.size,
    // Without a type, so that none is sent but tus's own.
    slice: async (start, end) => ({ value: blob.slice(start, Math.min(end, blob.size), ''), done: end >= blob.size }),
    close: () => undefined,
  }
}

/** Sent and confirmed apart; neither goes back within a run. */
class Progress {
  readonly #io: UploadIo
  readonly #sizeBytes: number
  #sentBytes = 0
  #confirmedBytes = 0

  constructor(io: UploadIo, sizeBytes: number) {
    this.#io = io
    this.#sizeBytes = sizeBytes
  }

  sent(bytes: number): void {
    this.#sentBytes = Math.max(this.#sentBytes, Math.min(bytes, this.#sizeBytes))
    this.#tell()
  }

  confirmed(bytes: number): void {
    this.#confirmedBytes = Math.max(this.#confirmedBytes, bytes)
    this.sent(bytes)
  }

  #tell(): void {
    // Nothing is called confirmed as a whole before the blob is known to be stored.
    const confirmedBytes = Math.min(this.#confirmedBytes, this.#sizeBytes - 1)
    this.#io.onProgress({ sentBytes: this.#sentBytes, confirmedBytes: Math.max(0, confirmedBytes) })
  }
}

function failureOf(error: Error | DetailedError): unknown {
  if (!('originalRequest' in error)) return new BseError('PROVIDER_FAILED', 'blob-tus.upload: failed', { provider: 'tus' }, { cause: error })
  const { causingError, originalRequest, originalResponse } = error
  if (isBseError(causingError)) return causingError
  if (!(originalResponse instanceof StackResponse)) return causingError ?? error
  const status = originalResponse.getStatus()
  // A success that the protocol has no words for.
  if (status >= 200 && status < 300) return notTus()
  return new TusRefusal(originalRequest.getMethod(), status, originalResponse.error)
}

function notTus(): BseError {
  return new BseError('NETWORK', "blob-tus.upload: the answer is not a tus server's", { status: undefined })
}
