import type { HttpRequest, HttpResponse, HttpStack } from 'tus-js-client'
import { BseError } from '@bse/core/wire'
import type { AuthReason, ProviderContext } from '@bse/core/provider'
import type { TusEndpoint } from './endpoint.ts'
import { transfer, type Answer } from './transfer.ts'

export interface StackParts {
  readonly context: ProviderContext
  readonly endpoint: TusEndpoint
  readonly headers: Readonly<Record<string, string>>
  readonly idleMs: number
  readonly signal: AbortSignal
  /** Awaited before each request: what was learnt so far is safe by then. */
  readonly ready: () => Promise<void>
}

/** How tus-js-client talks: each request with the credentials of its moment, and once more with fresh ones after a 401. */
export function tusStack(parts: StackParts): HttpStack {
  return { getName: () => 'blob-tus', createRequest: (method, url) => new StackRequest(parts, method, url) }
}

class StackRequest implements HttpRequest {
  readonly #parts: StackParts
  readonly #method: string
  readonly #url: string
  readonly #headers: Record<string, string> = {}
  readonly #aborting = new AbortController()
  #onSent: (sentBytes: number) => void = () => undefined

  constructor(parts: StackParts, method: string, url: string) {
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
    const first = await this.#once(body, 'start')
    const answer = first.status === 401 ? await this.#once(body, 'expired') : first
    return new StackResponse(answer, this.#locationOf(answer), this.#method)
  }

  async abort(): Promise<void> {
    this.#aborting.abort(new BseError('NETWORK', 'blob-tus.upload: aborted', { status: undefined }))
  }

  getUnderlyingObject(): undefined {
    return undefined
  }

  async #once(body: Blob | null, reason: AuthReason): Promise<Answer> {
    const { context, headers, idleMs, signal } = this.#parts
    const credentials = await context.auth(reason)
    return transfer(context, {
      method: this.#method, url: this.#url, headers: { ...headers, ...credentials.headers, ...this.#headers }, body: body ?? undefined, idleMs,
      signal: AbortSignal.any([signal, this.#aborting.signal]), onSent: (sentBytes) => this.#onSent(sentBytes),
    })
  }

  /** @throws BseError `REJECTED` for an upload on another origin. */
  #locationOf(answer: Answer): string | undefined {
    const location = this.#method === 'POST' && answer.status === 201 ? (answer.header('location') ?? undefined) : undefined
    if (location === undefined || this.#parts.endpoint.isOurs(location)) return location
    throw new BseError('REJECTED', 'blob-tus.upload: the server names an upload on another origin', { status: answer.status, reason: 'foreign-location' })
  }
}

class StackResponse implements HttpResponse {
  readonly #answer: Answer
  readonly #location: string | undefined
  readonly #method: string

  constructor(answer: Answer, location: string | undefined, method: string) {
    this.#answer = answer
    this.#location = location
    this.#method = method
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

  getBody(): string {
    return this.#answer.text
  }

  getUnderlyingObject(): undefined {
    return undefined
  }
}
