/** One upload as it was seen on the wire, counted in bytes of its body. */
export interface SeenUpload {
  readonly hash: string
  readonly sizeBytes: number
  /** Sent by the client and passed on. */
  readonly sentBytes: number
}

const HEAD_END = '\r\n\r\n'
const PUT_HEAD = /^PUT \/blobs\/(sha256:[0-9a-f]{64}) HTTP\/1\.1\r\n/
const CONTENT_LENGTH = /^content-length: *(\d+)\r?$/im

/**
 * Follows what one client says on one connection and knows the upload that is under way. Browsers do not pipeline: a request
 * begins with a chunk of its own, once the one before it is answered.
 */
export class UploadWatch {
  #head = ''
  #current: SeenUpload | undefined

  /** The upload whose head has been seen and whose answer has not begun. */
  get current(): SeenUpload | undefined {
    return this.#current
  }

  /** How many bytes of this chunk belong to the body of an upload, counted from its end. */
  sent(chunk: Buffer): number {
    if (this.#current === undefined) return this.#read(chunk)
    this.#current = { ...this.#current, sentBytes: this.#current.sentBytes + chunk.length }
    return chunk.length
  }

  answered(): void {
    this.#current = undefined
    this.#head = ''
  }

  #read(chunk: Buffer): number {
    const text = chunk.toString('latin1')
    // A head may come in two chunks; whatever else comes is no upload.
    const head = 'PUT /blobs/'.startsWith(text.slice(0, 11)) ? text : this.#head + text
    const end = head.indexOf(HEAD_END)
    const hash = PUT_HEAD.exec(head)?.[1]
    this.#head = head.startsWith('PUT ') && end < 0 ? head : ''
    if (hash === undefined || end < 0) return 0
    const sentBytes = head.length - end - HEAD_END.length
    this.#current = { hash, sizeBytes: Number(CONTENT_LENGTH.exec(head.slice(0, end))?.[1] ?? 0), sentBytes }
    return sentBytes
  }
}
