/** `part` has `start` inclusive and `end` exclusive. */
export type SelectedRange =
  | { readonly is: 'whole' }
  | { readonly is: 'part'; readonly start: number; readonly end: number }
  | { readonly is: 'unsatisfiable' }

const WHOLE: SelectedRange = { is: 'whole' }
const UNSATISFIABLE: SelectedRange = { is: 'unsatisfiable' }
const SINGLE = /^bytes=[ \t]*(\d*)-(\d*)[ \t]*$/i

/**
 * RFC 9110, section 14.2, for one range. What is not understood, other units and several ranges at once are ignored, which
 * the RFC allows: the answer is then the whole blob.
 */
export function selectRange(header: string | null, sizeBytes: number): SelectedRange {
  const match = header === null ? null : SINGLE.exec(header)
  if (match === null) return WHOLE
  const [, first = '', last = ''] = match
  if (first === '') return last === '' ? WHOLE : suffix(Number(last), sizeBytes)
  const start = Number(first)
  const lastByte = last === '' ? Infinity : Number(last)
  if (lastByte < start) return WHOLE
  if (start >= sizeBytes) return UNSATISFIABLE
  return { is: 'part', start, end: Math.min(lastByte, sizeBytes - 1) + 1 }
}

/** The last `count` bytes. An empty blob has no part that a Content-Range could describe, so it is sent whole. */
function suffix(count: number, sizeBytes: number): SelectedRange {
  if (count === 0) return UNSATISFIABLE
  if (sizeBytes === 0) return WHOLE
  return { is: 'part', start: Math.max(0, sizeBytes - count), end: sizeBytes }
}
