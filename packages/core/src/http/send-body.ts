import { BseError } from '../errors.ts'
import { jsonIn, shortText } from './answer-text.ts'
import type { FailedAnswer } from './http-error.ts'
import { networkError, type HttpRequest, type Requester } from './requester.ts'
import { Watchdog } from './watchdog.ts'

export interface SentAnswer extends FailedAnswer {
  /** The body as text, empty when it was long. */
  readonly text: string
  /** A header of the answer; `null` also when another origin does not show it to pages. */
  header(name: string): string | null
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
  const text = await shortText(response, requester.patience(request.signal))
  return answered(response.status, text, (name) => response.headers.get(name))
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
  xhr.upload.onload = () => watchdog.feed(requester.idleMs + (request.extraIdleMs ?? 0))
  xhr.onerror = () => reject(networkError(requester.nameOf(request), undefined))
  xhr.onload = () => resolve(answered(xhr.status, xhr.responseText, (name) => xhr.getResponseHeader(name)))
  xhr.open(request.method, request.url)
  for (const [name, value] of Object.entries({ ...headers, ...request.headers })) xhr.setRequestHeader(name, value)
  xhr.send(request.body)
  try {
    const answer = await promise
    refuseRedirected(requester.nameOf(request), request.url, xhr.responseURL)
    return answer
  } finally {
    watchdog.stop()
    stop.removeEventListener('abort', onStop)
  }
}

/** XMLHttpRequest follows redirects by itself. Where they led elsewhere, the answer says nothing about our server. */
function refuseRedirected(name: string, url: string, answeredBy: string): void {
  if (answeredBy === '' || new URL(answeredBy).origin === new URL(url).origin) return
  throw new BseError('NETWORK', `${name}: another server answered`, { status: undefined })
}

function answered(status: number, text: string, header: SentAnswer['header']): SentAnswer {
  const retryAfter = header('retry-after')
  // Asked for in vain, it would be a complaint on the console of a page.
  return { status, retryAfter, date: retryAfter === null ? null : header('date'), body: jsonIn(text, header('content-type')), text, header }
}
