import { BseError } from '@bse/core/wire'
import { explanation, isJson, networkError, type HttpRequest, type Requester } from './requester.ts'
import { Watchdog } from './watchdog.ts'

export interface SentAnswer {
  readonly status: number
  readonly retryAfter: string | null
  /** Parsed JSON; `undefined` when the answer was none. */
  readonly body: unknown
}

export interface PutRequest extends HttpRequest {
  readonly body: Blob
  readonly onSent: (sentBytes: number) => void
}

/** Sends a body whole: by XMLHttpRequest where there is one, since fetch cannot tell how much is out, else by fetch. */
export function sendBody(requester: Requester, request: PutRequest): Promise<SentAnswer> {
  return typeof XMLHttpRequest === 'undefined' ? sendByFetch(requester, request) : sendByXhr(requester, request)
}

async function sendByFetch(requester: Requester, request: PutRequest): Promise<SentAnswer> {
  const response = await requester.send(request)
  return { status: response.status, retryAfter: response.headers.get('retry-after'), body: await explanation(response) }
}

function sendByXhr(requester: Requester, request: PutRequest): Promise<SentAnswer> {
  return requester.withAuth((headers) => xhrOnce(requester, request, headers))
}

async function xhrOnce(requester: Requester, request: PutRequest, headers: Readonly<Record<string, string>>): Promise<SentAnswer> {
  const { signal } = request
  signal.throwIfAborted()
  const watchdog = new Watchdog(requester.context.clock, requester.idleMs)
  const xhr = new XMLHttpRequest()
  const { promise, reject, resolve } = Promise.withResolvers<SentAnswer>()
  const stop = AbortSignal.any([signal, watchdog.signal])
  const onStop = (): void => {
    reject(stop.reason)
    xhr.abort()
  }
  stop.addEventListener('abort', onStop)
  xhr.upload.onprogress = (event) => {
    watchdog.feed(requester.idleMs)
    request.onSent(event.loaded)
  }
  xhr.onerror = () => reject(networkError(request.operation, undefined))
  xhr.onload = () => resolve(answerOf(xhr))
  xhr.open(request.method, request.url)
  for (const [name, value] of Object.entries(headers)) xhr.setRequestHeader(name, value)
  xhr.send(request.body)
  try {
    const answer = await promise
    refuseRedirected(request, xhr.responseURL)
    return answer
  } finally {
    watchdog.stop()
    stop.removeEventListener('abort', onStop)
  }
}

/** XMLHttpRequest follows redirects by itself. Where they led elsewhere, the answer says nothing about our server. */
function refuseRedirected(request: PutRequest, answeredBy: string): void {
  if (answeredBy === '' || new URL(answeredBy).origin === new URL(request.url).origin) return
  throw new BseError('NETWORK', `blob-http.${request.operation}: another server answered`, { status: undefined })
}

function answerOf(xhr: XMLHttpRequest): SentAnswer {
  return { status: xhr.status, retryAfter: xhr.getResponseHeader('retry-after'), body: isJson(xhr.getResponseHeader('content-type')) ? parsed(xhr.responseText) : undefined }
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
