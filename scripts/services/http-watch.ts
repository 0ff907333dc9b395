/** One request as it went over a wire: counted in bytes that were passed on. */
export interface SeenRequest {
  /** By the order of their first bytes, over all connections of a proxy; 0 is the first. */
  readonly index: number
  /** Empty until the request line has been seen whole. */
  readonly method: string
  readonly path: string
  /** From the first byte of the request line to the empty line behind the headers. */
  readonly headBytes: number
  /** As on the wire: of a chunked body the chunks' frames count, too. */
  readonly bodyBytes: number
  readonly answerBytes: number
}

export type RequestPart = 'head' | 'body' | 'answer'

/** What `HttpWatch` counts up while bytes pass. */
export type WatchedRequest = { -readonly [Key in keyof SeenRequest]: SeenRequest[Key] }

/** Bytes of one part of one request. The first one of a part, which may be empty, says that the part begins. */
export interface Segment {
  readonly request: WatchedRequest
  readonly part: RequestPart
  readonly bytes: Buffer
  readonly isFirst: boolean
}

const HEAD_END = Buffer.from('\r\n\r\n')
const MAX_HEAD_BYTES = 65_536

/**
 * Divides what one client says on one connection, HTTP/1.1 without pipelining, into requests and their parts. An answer belongs to
 * the latest request. Anything that is not HTTP becomes one endless head.
 */
export class HttpWatch {
  readonly #begin: () => WatchedRequest
  #request: WatchedRequest | undefined
  #head: Buffer = Buffer.alloc(0)
  #body: BodyLength | undefined
  #answerBegan = false

  /** `begin` is asked for a new request at each first byte. */
  constructor(begin: () => WatchedRequest) {
    this.#begin = begin
  }

  /** What the client said, in order. */
  *up(chunk: Buffer): Generator<Segment> {
    let rest = chunk
    while (rest.length > 0) {
      if (this.#body === undefined) {
        const isFirst = this.#request === undefined || this.#head.length === 0
        if (isFirst) this.#startRequest()
        const bytes = this.#takeHead(rest)
        rest = rest.subarray(bytes.length)
        yield { request: this.#current, part: 'head', bytes, isFirst }
        if (this.#body !== undefined && this.#current.method !== '') yield { request: this.#current, part: 'body', bytes: rest.subarray(0, 0), isFirst: true }
      } else {
        const bytes = rest.subarray(0, this.#body.take(rest))
        rest = rest.subarray(bytes.length)
        yield { request: this.#current, part: 'body', bytes, isFirst: false }
      }
      if (this.#body?.isWhole === true) this.#endRequest()
    }
  }

  /** What the server said. */
  *down(chunk: Buffer): Generator<Segment> {
    const isFirst = !this.#answerBegan
    this.#answerBegan = true
    if (this.#request !== undefined) yield { request: this.#request, part: 'answer', bytes: chunk, isFirst }
  }

  get #current(): WatchedRequest {
    if (this.#request === undefined) throw new Error('http watch: no request')
    return this.#request
  }

  #startRequest(): void {
    this.#request = this.#begin()
    this.#answerBegan = false
  }

  #endRequest(): void {
    this.#body = undefined
    this.#head = Buffer.alloc(0)
  }

  /** The bytes of `rest` that belong to the head; reads it when it is whole. */
  #takeHead(rest: Buffer): Buffer {
    const before = this.#head.length
    this.#head = Buffer.concat([this.#head, rest])
    const end = this.#head.indexOf(HEAD_END)
    if (end < 0) {
      if (this.#head.length > MAX_HEAD_BYTES) this.#body = new BodyLength(Infinity)
      return rest
    }
    const text = this.#head.subarray(0, end).toString('latin1')
    const [method = '', path = ''] = text.split(' ', 2)
    Object.assign(this.#current, { method, path })
    this.#body = new BodyLength(isChunked(text) ? 'chunked' : lengthIn(text))
    return rest.subarray(0, end + HEAD_END.length - before)
  }
}

function isChunked(head: string): boolean {
  return /^transfer-encoding:[^\r\n]*chunked/im.test(head)
}

function lengthIn(head: string): number {
  return Number(/^content-length: *(\d+) *$/im.exec(head)?.[1] ?? 0)
}

/** How much of a body is still to come. */
class BodyLength {
  #left: number
  readonly #isChunked: boolean
  #line = ''
  #isLast = false

  constructor(length: number | 'chunked') {
    this.#isChunked = length === 'chunked'
    this.#left = length === 'chunked' ? 0 : length
  }

  get isWhole(): boolean {
    return this.#isChunked ? this.#isLast : this.#left === 0
  }

  /** How many of these bytes are the body's. */
  take(bytes: Buffer): number {
    if (!this.#isChunked) return this.#pass(bytes.length)
    let at = 0
    while (at < bytes.length && !this.#isLast) at += this.#left > 0 ? this.#pass(bytes.length - at) : this.#readLine(bytes, at)
    return at
  }

  #pass(available: number): number {
    const passed = Math.min(this.#left, available)
    this.#left -= passed
    return passed
  }

  /** One byte of a line between chunks: `SIZE`, or the empty one behind a chunk. Trailers are not expected. */
  #readLine(bytes: Buffer, at: number): number {
    this.#line += String.fromCharCode(bytes[at] ?? 0)
    if (!this.#line.endsWith('\r\n')) return 1
    const size = this.#line.trim()
    this.#line = ''
    if (size === '' && this.#left === 0 && this.#sawZero) this.#isLast = true
    if (size !== '') {
      this.#left = Number.parseInt(size, 16)
      this.#sawZero = this.#left === 0
    }
    return 1
  }

  #sawZero = false
}
