import { notOurs, type HttpRequest, type Requester } from '@bse/core/http'
import { isBlobHash, isJsonObject, type BlobHash } from '@bse/core/wire'
import type { Endpoint } from './endpoint.ts'

interface Page {
  readonly hashes: readonly BlobHash[]
  readonly next: string | undefined
}

/** A server that never comes to an end is none of ours. */
const MAX_PAGES = 10_000

/** `GET <url>`, page by page. */
export async function* listBlobs(requester: Requester, endpoint: Endpoint, signal: AbortSignal): AsyncGenerator<readonly BlobHash[], void, undefined> {
  let cursor: string | undefined
  for (let count = 0; count < MAX_PAGES; count++) {
    const page = await readPage(requester, endpoint.page(cursor), signal)
    yield page.hashes
    if (page.next === undefined) return
    cursor = page.next
  }
  throw notOurs('blob-http.list', 200)
}

async function readPage(requester: Requester, url: string, signal: AbortSignal): Promise<Page> {
  const request: HttpRequest = { operation: 'list', method: 'GET', url, signal }
  const response = await requester.send(request)
  if (response.status !== 200) throw await requester.errorOf(request, response)
  const page = parsePage(await requester.jsonOf(request, response))
  if (page === undefined) throw notOurs('blob-http.list', response.status)
  return page
}

function parsePage(answer: unknown): Page | undefined {
  if (!isJsonObject(answer) || !Array.isArray(answer.blobs)) return undefined
  const hashes = (answer.blobs as readonly unknown[]).map((one) => (isJsonObject(one) ? one.hash : undefined))
  const { next } = answer
  return hashes.every(isBlobHash) && (next === undefined || typeof next === 'string') ? { hashes, next } : undefined
}
