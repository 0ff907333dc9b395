import type { Clock } from '../provider/environment.ts'
import type { FailedAnswer } from './http-error.ts'
import { Watchdog, orAborted } from './watchdog.ts'

/** How long an explanation may take as a whole, and who may end it. */
export interface Patience {
  readonly clock: Clock
  readonly idleMs: number
  readonly signal: AbortSignal
}

const MAX_TEXT_BYTES = 65_536

/**
 * The body of an answer that may explain itself: empty for one that is longer than an explanation ever is, takes too long, or breaks. Its
 * status stays true.
 *
 * @throws the signal's reason.
 */
export async function shortText(response: Response, { clock, idleMs, signal }: Patience): Promise<string> {
  const watchdog = new Watchdog(clock, idleMs)
  const stop = AbortSignal.any([signal, watchdog.signal])
  const reader = response.body?.getReader()
  try {
    return reader === undefined ? '' : await readText(reader, stop)
  } catch {
    signal.throwIfAborted()
    return ''
  } finally {
    watchdog.stop()
    // Read to its end, or of no use any more.
    reader?.cancel().catch(() => undefined)
  }
}

async function readText(reader: ReadableStreamDefaultReader<Uint8Array>, stop: AbortSignal): Promise<string> {
  const decoder = new TextDecoder()
  let [text, sizeBytes] = ['', 0]
  for (;;) {
    const next = await orAborted(reader.read(), stop)
    if (next.done) return text + decoder.decode()
    sizeBytes += next.value.byteLength
    if (sizeBytes > MAX_TEXT_BYTES) return ''
    text += decoder.decode(next.value, { stream: true })
  }
}

/** Parsed JSON; `undefined` for anything else. */
export function jsonIn(text: string, contentType: string | null): unknown {
  if (!isJson(contentType)) return undefined
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

/** Only JSON is read: a web page in its place may be endless. @throws the signal's reason. */
export async function failedAnswer(response: Response, patience: Patience): Promise<FailedAnswer> {
  const contentType = response.headers.get('content-type')
  if (!isJson(contentType)) await response.body?.cancel()
  const body = isJson(contentType) ? jsonIn(await shortText(response, patience), contentType) : undefined
  return { status: response.status, retryAfter: response.headers.get('retry-after'), date: response.headers.get('date'), body }
}

function isJson(contentType: string | null): boolean {
  return (contentType ?? '').toLowerCase().startsWith('application/json')
}
