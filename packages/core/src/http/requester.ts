import { BseError, isBseError } from '../errors.ts'
import type { ProviderContext } from '../provider/context.ts'
import type { BlobHash } from '../wire/blob-hash.ts'
import { failedAnswer, type Patience } from './answer-text.ts'
import { httpError, type FailedAnswer } from './http-error.ts'
import { Watchdog, orAborted } from './watchdog.ts'

export interface HttpRequest {
  /** Appears in errors, for example `upload`. */
  readonly operation: string
  readonly method: 'GET' | 'HEAD' | 'PUT' | 'POST' | 'PATCH' | 'DELETE'
  readonly url: string
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: Blob | string
  /** Never sent: for errors. */
  readonly hash?: BlobHash
  readonly sizeBytes?: number
  /** For an answer that takes the server some work: so much longer may it be silent. */
  readonly extraIdleMs?: number
  readonly signal: AbortSignal
}

export interface RequesterOptions {
  readonly headers: Readonly<Record<string, string>>
  readonly idleMs: number
  /** Who asks: appears in errors, for example `blob-http`. */
  readonly adapter: string
  /** False for hosts that must never see the engine's credentials, such as those of signed URLs. Default true. */
  readonly auth?: boolean
}

/** fetch has no upload progress, so a body gets time by its size: a line slower than this counts as broken. */
const SLOWEST_BYTES_PER_MS = 8

/** Sends one request with credentials of the moment, and once more with fresh ones after a 401. Retries nothing else. */
export class Requester {
  readonly #context: ProviderContext
  readonly #options: RequesterOptions

  constructor(context: ProviderContext, options: RequesterOptions) {
    this.#context = context
    this.#options = options
  }

  get context(): ProviderContext {
    return this.#context
  }

  get idleMs(): number {
    return this.#options.idleMs
  }

  /** For reading what explains an answer. */
  patience(signal: AbortSignal): Patience {
    return { clock: this.#context.clock, idleMs: this.#options.idleMs, signal }
  }

  /** For the messages of errors: adapter and operation. */
  nameOf(request: Pick<HttpRequest, 'operation'>): string {
    return `${this.#options.adapter}.${request.operation}`
  }

  /** The answer, whatever its status, its body unread. @throws BseError `NETWORK`; the signal's reason when aborted. */
  send(request: HttpRequest): Promise<Response> {
    return this.withAuth(async (headers) => {
      const response = await this.#once(request, headers)
      return { status: response.status, response }
    }).then(({ response }) => response)
  }

  /** Calls `attempt` with headers; again, with fresh credentials, when it was answered 401. */
  async withAuth<T extends { readonly status: number }>(attempt: (headers: Readonly<Record<string, string>>) => Promise<T>): Promise<T> {
    if (this.#options.auth === false) return attempt(this.#options.headers)
    const credentials = await this.#context.auth('start')
    const first = await attempt({ ...this.#options.headers, ...credentials.headers })
    if (first.status !== 401) return first
    const renewed = await this.#context.auth('expired', credentials)
    return attempt({ ...this.#options.headers, ...renewed.headers })
  }

  /** What a failed answer means. Reads its body, as far as an error of ours may be long. */
  async errorOf(request: HttpRequest, response: Response): Promise<BseError> {
    return this.errorFrom(request, await failedAnswer(response, this.patience(request.signal)))
  }

  errorFrom(request: HttpRequest, answer: FailedAnswer): BseError {
    const { hash, operation, sizeBytes } = request
    return httpError({ adapter: this.#options.adapter, operation, hash, sizeBytes, nowMs: this.#context.clock.nowMs() }, answer)
  }

  /**
   * The JSON of a 2xx answer. Anything else under a 2xx is a captive portal speaking.
   *
   * @throws BseError `NETWORK`; the signal's reason when aborted.
   */
  async jsonOf(request: HttpRequest, response: Response): Promise<unknown> {
    const watchdog = new Watchdog(this.#context.clock, this.#options.idleMs)
    const stop = AbortSignal.any([request.signal, watchdog.signal])
    try {
      return (await orAborted(response.json(), stop)) as unknown
    } catch (cause) {
      stop.throwIfAborted()
      throw notOurs(this.nameOf(request), response.status, cause)
    } finally {
      watchdog.stop()
    }
  }

  /** Redirects are never followed: they would carry the credentials along, and a portal's first word is one. */
  async #once(request: HttpRequest, headers: Readonly<Record<string, string>>): Promise<Response> {
    const { body, extraIdleMs = 0, method, signal, url } = request
    signal.throwIfAborted()
    const watchdog = new Watchdog(this.#context.clock, this.#options.idleMs + extraIdleMs + sizeOf(body) / SLOWEST_BYTES_PER_MS)
    const both = AbortSignal.any([signal, watchdog.signal])
    try {
      return await this.#context.fetch(url, {
        method, redirect: 'manual', credentials: 'omit', signal: both, headers: { ...headers, ...request.headers }, body: body ?? null,
      })
    } catch (cause) {
      signal.throwIfAborted()
      if (watchdog.signal.aborted) throw watchdog.signal.reason
      throw networkError(this.nameOf(request), cause)
    } finally {
      watchdog.stop()
    }
  }
}

/** The other side said 2xx and something that the server which was asked never says. `name` is adapter and operation. */
export function notOurs(name: string, status: number, cause?: unknown): BseError {
  return new BseError('NETWORK', `${name}: the answer is not that of the server which was asked`, { status }, { cause })
}

export function networkError(name: string, cause: unknown): BseError {
  return isBseError(cause) ? cause : new BseError('NETWORK', `${name}: no answer`, { status: undefined }, { cause })
}

function sizeOf(body: Blob | string | undefined): number {
  return body === undefined ? 0 : typeof body === 'string' ? body.length : body.size
}
