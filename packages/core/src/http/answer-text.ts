import type { FailedAnswer } from './http-error.ts'

const MAX_TEXT_BYTES = 65_536

/** The body of an answer that may explain itself: empty for one that says it is longer than an explanation ever is. */
export async function shortText(response: Response): Promise<string> {
  const length = Number(response.headers.get('content-length') ?? 0)
  // A body that breaks explains nothing; its status stays true.
  if (length <= MAX_TEXT_BYTES) return response.text().catch(() => '')
  await response.body?.cancel()
  return ''
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

/** Only JSON is read: a web page in its place may be endless. */
export async function failedAnswer(response: Response): Promise<FailedAnswer> {
  const contentType = response.headers.get('content-type')
  if (!isJson(contentType)) await response.body?.cancel()
  const body = isJson(contentType) ? jsonIn(await shortText(response), contentType) : undefined
  return { status: response.status, retryAfter: response.headers.get('retry-after'), date: response.headers.get('date'), body }
}

function isJson(contentType: string | null): boolean {
  return (contentType ?? '').toLowerCase().startsWith('application/json')
}
