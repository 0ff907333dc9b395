import type { HttpRequest, HttpResponse, HttpStack } from 'tus-js-client'
import { failedAnswer, sendBody, type FailedAnswer, type HttpRequest as CoreRequest, type Requester } from '@bse/core/http'
import { BseError, type BlobHash } from '@bse/core/wire'
import { isAt } from './checkpoint.ts'

export interface StackParts {
  readonly requester: Requester
  readonly endpoint: URL
  /** What the requests are about, for errors. */
  readonly about: { readonly hash?: BlobHash; readonly sizeBytes?: number }
  readonly signal: AbortSignal
  /** Awaited before each request: what was learnt so far is safe by then. */
  readonly ready: () => Promise<void>
}

/** Once all is sent the server reads it through: a disk slower than this counts as broken. */
const SLOWEST_CHECK_BYTES_PER_MS = 20_000

/** How tus-js-client talks: by the requests that all adapters make, with the credentials of their moment. */
export function tusStack(parts: StackParts): HttpStack {
  return { getName: () => 'blob-tus', createRequest: (method, url) => new StackRequest(parts, method as CoreRequest['method'], url) }
}

/** An answer of any status, and what it would mean as an error. */
interface Answer extends FailedAnswer {
  header(name: string): string | null
}

class StackRequest implements HttpRequest {
  readonly #parts: StackParts
  readonly #method: CoreRequest['method']
  readonly #url: string
  readonly #headers: Record<string, string> = {}
  readonly #aborting = new AbortController()
  #onSent: (sentBytes: number) => void = () => undefined

  constructor(parts: StackParts, method: CoreRequest['method'], url: string) {
    this.#parts = parts
    this.#method = method
    this.#url = url
  }

  getMethod(): string {
    return this.#method
  }

  getURL(): string {
    return this.#url
  }

  setHeader(name: string, value: string): void {
    this.#headers[name] = value
  }

  getHeader(name: string): string | undefined {
    return this.#headers[name]
  }

  setProgressHandler(onSent: (sentBytes: number) => void): void {
    this.#onSent = onSent
  }

  async send(body: Blob | null): Promise<HttpResponse> {
    await this.#parts.ready()
    const answer = await this.#answer(body)
    return new StackResponse(answer, this.#locationOf(answer), this.#method, this.#parts)
  }

  async abort(): Promise<void> {
    this.#aborting.abort(new BseError('NETWORK', 'blob-tus.upload: aborted', { status: undefined }))
  }

  getUnderlyingObject(): undefined {
    return undefined
  }

  async #answer(body: Blob | null): Promise<Answer> {
    const { about, requester, signal } = this.#parts
    const request: CoreRequest = {
      operation: 'upload', method: this.#method, url: this.#url, headers: this.#headers, ...about, signal: AbortSignal.any([signal, this.#aborting.signal]),
      extraIdleMs: (about.sizeBytes ?? 0) / SLOWEST_CHECK_BYTES_PER_MS,
    }
    if (body !== null) return sendBody(requester, { ...request, body, onSent: (sentBytes) => this.#onSent(sentBytes) })
    const response = await requester.send(request)
    return { ...(await failedAnswer(response, requester.patience(request.signal))), header: (name) => response.headers.get(name) }
  }

  /** @throws BseError `REJECTED` for an upload on another origin. */
  #locationOf(answer: Answer): string | undefined {
    const location = this.#method === 'POST' && answer.status === 201 ? (answer.header('location') ?? undefined) : undefined
    if (location === undefined || isAt(this.#parts.endpoint, location)) return location
    throw new BseError('REJECTED', 'blob-tus.upload: the server names an upload on another origin', { status: answer.status, reason: 'foreign-location' })
  }
}

/** Tus: the bytes are not those that were announced. */
const CHECKSUM_MISMATCH = 460

export class StackResponse implements HttpResponse {
  readonly #answer: Answer
  readonly #location: string | undefined
  readonly #method: string
  readonly #parts: StackParts

  constructor(answer: Answer, location: string | undefined, method: string, parts: StackParts) {
    this.#answer = answer
    this.#location = location
    this.#method = method
    this.#parts = parts
  }

  /** What a status that is no success means once nothing can be done about it. */
  get error(): BseError {
    const { about, requester } = this.#parts
    const { status } = this.#answer
    const message = `blob-tus.upload: the server answered ${status}`
    if (status === CHECKSUM_MISMATCH && about.hash !== undefined) return new BseError('HASH_MISMATCH', message, { expected: about.hash, actual: undefined })
    // The upload stands elsewhere than we know: the next look tells where.
    if (status === 409) return new BseError('NETWORK', message, { status })
    // Not the blob is gone, but the upload, or the place where uploads are made.
    if (status === 410) return new BseError('REJECTED', message, { status, reason: 'http-410' })
    return requester.errorFrom({ operation: 'upload', method: 'PUT', url: '', ...about, signal: this.#parts.signal }, this.#answer)
  }

  getStatus(): number {
    return this.#answer.status
  }

  getHeader(name: string): string | undefined {
    if (name.toLowerCase() === 'location') return this.#location
    const value = this.#answer.header(name) ?? undefined
    // A server that takes no bytes with the creation does not say how many it took.
    return value === undefined && this.#method === 'POST' && name === 'Upload-Offset' ? '0' : value
  }

  /** Nothing reads it but us, as an error. */
  getBody(): string {
    return ''
  }

  getUnderlyingObject(): undefined {
    return undefined
  }
}
