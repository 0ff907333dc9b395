import { BseError, isBseError } from '@bse/core/wire'
import type { ProviderContext } from '@bse/core/provider'
import { Watchdog } from './watchdog.ts'

export interface Transfer {
  readonly method: string
  readonly url: string
  readonly headers: Readonly<Record<string, string>>
  readonly body: Blob | undefined
  readonly idleMs: number
  readonly signal: AbortSignal
  readonly onSent: (sentBytes: number) => void
}

export interface Answer {
  readonly status: number
  header(name: string): string | null
  /** Empty for anything but short JSON. */
  readonly text: string
}

/** fetch has no upload progress, so a body gets time by its size: a line slower than this counts as broken. */
const SLOWEST_BYTES_PER_MS = 8
/** Once all is sent the server reads it through: a disk slower than this counts as broken. */
const SLOWEST_CHECK_BYTES_PER_MS = 20_000
const MAX_EXPLANATION = 65_536

/**
 * One request and its answer, whatever the status: by XMLHttpRequest where there is one, since fetch cannot tell how much is out.
 *
 * @throws BseError `NETWORK`; the signal's reason when aborted.
 */
export function transfer(context: ProviderContext, request: Transfer): Promise<Answer> {
  request.signal.throwIfAborted()
  return typeof XMLHttpRequest === 'undefined' || request.body === undefined ? byFetch(context, request) : byXhr(context, request)
}

async function byFetch({ clock, fetch }: ProviderContext, request: Transfer): Promise<Answer> {
  const { body, headers, idleMs, method, signal, url } = request
  const watchdog = new Watchdog(clock, idleMs + (body?.size ?? 0) / SLOWEST_BYTES_PER_MS)
  const stop = AbortSignal.any([signal, watchdog.signal])
  try {
    const response = await fetch(url, { method, headers, body: body ?? null, signal: stop, redirect: 'manual', credentials: 'omit' })
    return { status: response.status, header: (name) => response.headers.get(name), text: await explanation(response) }
  } catch (cause) {
    stop.throwIfAborted()
    throw noAnswer(cause)
  } finally {
    watchdog.stop()
  }
}

async function byXhr({ clock }: ProviderContext, request: Transfer): Promise<Answer> {
  const { body, headers, idleMs, method, onSent, signal, url } = request
  const watchdog = new Watchdog(clock, idleMs)
  const stop = AbortSignal.any([signal, watchdog.signal])
  const xhr = new XMLHttpRequest()
  const { promise, reject, resolve } = Promise.withResolvers<Answer>()
  const onStop = (): void => {
    reject(stop.reason)
    xhr.abort()
  }
  stop.addEventListener('abort', onStop)
  xhr.upload.onprogress = ({ loaded }) => {
    watchdog.feed(idleMs)
    onSent(loaded)
  }
  xhr.upload.onload = () => watchdog.feed(idleMs + (body?.size ?? 0) / SLOWEST_CHECK_BYTES_PER_MS)
  xhr.onerror = () => reject(noAnswer(undefined))
  xhr.onload = () => resolve({ status: xhr.status, header: (name) => xhr.getResponseHeader(name), text: shortJson(xhr.getResponseHeader('content-type'), xhr.responseText) })
  xhr.open(method, url)
  for (const [name, value] of Object.entries(headers)) xhr.setRequestHeader(name, value)
  xhr.send(body)
  try {
    const answer = await promise
    // XMLHttpRequest follows redirects by itself. Where they led elsewhere, the answer says nothing about our server.
    if (xhr.responseURL !== '' && new URL(xhr.responseURL).origin !== new URL(url).origin) throw noAnswer(undefined)
    return answer
  } finally {
    watchdog.stop()
    stop.removeEventListener('abort', onStop)
  }
}

async function explanation(response: Response): Promise<string> {
  const isShort = Number(response.headers.get('content-length') ?? 0) <= MAX_EXPLANATION
  if (isShort && isJson(response.headers.get('content-type'))) return response.text()
  await response.body?.cancel()
  return ''
}

function shortJson(type: string | null, text: string): string {
  return isJson(type) && text.length <= MAX_EXPLANATION ? text : ''
}

function isJson(type: string | null): boolean {
  return (type ?? '').toLowerCase().startsWith('application/json')
}

function noAnswer(cause: unknown): BseError {
  return isBseError(cause) ? cause : new BseError('NETWORK', 'blob-tus.upload: no answer', { status: undefined }, { cause })
}
