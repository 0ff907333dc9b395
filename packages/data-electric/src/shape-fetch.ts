import { guardedBody, type Requester } from '@bse/core/http'

export interface ShapeWatch {
  /** The answer to the request that is about to be sent begins a snapshot. */
  onSnapshot(): void
  onSchema(schema: string): void
}

const MUST_REFETCH = 409
const SCHEMA = 'electric-schema'

/**
 * What the client of Electric fetches with: our credentials, limits and errors. The schema of an answer is taken out of it, and with it
 * the client's own parsing: it has no order for 64-bit integers, moments and nulls in arrays.
 */
export function shapeFetch(requester: Requester, watch: ShapeWatch): typeof fetch {
  return async (input, init) => {
    const url = String(input)
    const signal = init?.signal ?? new AbortController().signal
    const request = { operation: 'changes', method: 'GET', url, headers: headersOf(init), signal } as const
    if (new URL(url).searchParams.get('offset') === '-1') watch.onSnapshot()
    const response = await requester.send(request)
    if (response.status === MUST_REFETCH) return response
    if (!response.ok) throw await requester.errorOf(request, response)
    const headers = new Headers(response.headers)
    const schema = headers.get(SCHEMA)
    if (schema !== null) {
      watch.onSchema(schema)
      headers.set(SCHEMA, '{}')
    }
    const body = guardedBody(requester, response, requester.nameOf(request), signal)
    return new Response(response.status === 204 ? null : body, { status: response.status, headers })
  }
}

function headersOf(init: RequestInit | undefined): Record<string, string> {
  return Object.fromEntries(new Headers(init?.headers))
}
