import { BATCH_HEAD_BYTES, BATCH_LIMITS, BseError, decodeBatchHead, type BlobHash } from '@bse/core/wire'

export interface BatchItem {
  readonly hash: BlobHash
  readonly bytes: Uint8Array<ArrayBuffer>
}

/**
 * Heads and blobs in turn until the body ends between two of them. Memory stays within one blob and one chunk of the body.
 *
 * @throws BseError `TOO_LARGE` for a blob or a count over the limits, `VALIDATION_FAILED` when the body ends within a blob.
 */
export async function* readBatch(body: ReadableStream<Uint8Array>): AsyncGenerator<BatchItem> {
  const source = new ByteSource(body)
  for (let count = 0; ; count++) {
    const headBytes = await source.take(BATCH_HEAD_BYTES)
    if (headBytes === undefined) return
    const head = decodeBatchHead(headBytes)
    if (head.sizeBytes > BATCH_LIMITS.maxBlobBytes) throw over(head.sizeBytes, BATCH_LIMITS.maxBlobBytes)
    if (count === BATCH_LIMITS.maxCount) throw over(undefined, BATCH_LIMITS.maxTotalBytes)
    const bytes = head.sizeBytes === 0 ? new Uint8Array() : await source.take(head.sizeBytes)
    if (bytes === undefined) throw cut()
    yield { hash: head.hash, bytes }
  }
}

/** Hands out exactly as many bytes as asked for. */
class ByteSource {
  readonly #reader: ReadableStreamDefaultReader<Uint8Array>
  #rest: Uint8Array = new Uint8Array()

  constructor(body: ReadableStream<Uint8Array>) {
    this.#reader = body.getReader()
  }

  /** `undefined` at the end of the body. @throws BseError `VALIDATION_FAILED` when it ends in the middle. */
  async take(count: number): Promise<Uint8Array<ArrayBuffer> | undefined> {
    const taken = new Uint8Array(count)
    for (let filled = 0; filled < count; ) {
      if (this.#rest.byteLength === 0) {
        const next = await this.#reader.read()
        if (next.done && filled === 0) return undefined
        if (next.done) throw cut()
        this.#rest = next.value
      }
      const part = this.#rest.subarray(0, count - filled)
      taken.set(part, filled)
      filled += part.byteLength
      this.#rest = this.#rest.subarray(part.byteLength)
    }
    return taken
  }
}

function cut(): BseError {
  return new BseError('VALIDATION_FAILED', 'blobs: the batch ends in the middle', { issues: [{ column: 'body', rule: 'type', message: 'wants whole blobs' }] })
}

function over(sizeBytes: number | undefined, limitBytes: number): BseError {
  return new BseError('TOO_LARGE', 'blobs: the batch is over its limits', { sizeBytes, limitBytes })
}
