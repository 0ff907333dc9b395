import type { Place, SeenRequest } from '../services/proxy.ts'

/**
 * Every edge of what one undisturbed upload says: in each request the beginning, the middle and the end of its head, of its body and
 * of its answer, one byte beside each edge, and the moment between the last byte and the answer.
 */
export function boundaries(requests: readonly SeenRequest[]): readonly Place[] {
  return requests.flatMap((request) => [
    ...edges(request.headBytes, false).map((after) => placeIn(request, 'head', after)),
    ...edges(request.bodyBytes, true).map((after) => placeIn(request, 'body', after)),
    ...edges(request.answerBytes, false).map((after) => placeIn(request, 'answer', after)),
  ])
}

function placeIn({ index }: SeenRequest, part: 'head' | 'body' | 'answer', after: number): Place {
  return { part, after, request: (request) => request.index === index }
}

/** The end of a body is a place of its own: all has arrived, and nothing is said yet. The end of an answer is no cut any more. */
function edges(lengthBytes: number, withEnd: boolean): readonly number[] {
  const all = [0, 1, Math.floor(lengthBytes / 2), lengthBytes - 1, ...(withEnd ? [lengthBytes] : [])]
  return [...new Set(all)].filter((after) => after >= 0 && (after < lengthBytes || (withEnd && after === lengthBytes)))
}
