import { notOurs, type HttpRequest, type Requester } from '@bse/core/http'
import { STAT_MAX_COUNT, hexOf, isJsonObject, type BlobHash, type Json } from '@bse/core/wire'
import type { RemoteStat } from '@bse/core/provider'
import { isPortal } from './download.ts'
import type { Endpoint } from './endpoint.ts'

/** Asked one by one where the server cannot take a list; a few at a time. */
const HEADS_AT_ONCE = 6
/** A server without the route. */
const NO_ROUTE: ReadonlySet<number> = new Set([404, 405, 501])

/** Asks for many blobs in one request, or for each in its own once the server has shown that it does not know the route. */
export class StatClient {
  readonly #requester: Requester
  readonly #endpoint: Endpoint
  #hasRoute = true

  constructor(requester: Requester, endpoint: Endpoint) {
    this.#requester = requester
    this.#endpoint = endpoint
  }

  async stat(hashes: readonly BlobHash[], signal: AbortSignal): Promise<readonly RemoteStat[]> {
    signal.throwIfAborted()
    const found: RemoteStat[] = []
    for (let from = 0; from < hashes.length; from += STAT_MAX_COUNT) {
      const part = hashes.slice(from, from + STAT_MAX_COUNT)
      found.push(...((this.#hasRoute ? await this.#list(part, signal) : undefined) ?? (await this.#each(part, signal))))
    }
    return found
  }

  /**
   * Whether the server has the blob, by one HEAD. `sha256` when it calls the blob by its hash (ETag), `size` when only the
   * length agrees, `undefined` when it has nothing or something else.
   */
  async confirm(hash: BlobHash, sizeBytes: number, signal: AbortSignal): Promise<'sha256' | 'size' | undefined> {
    const found = await this.#head(hash, signal)
    if (found.stat.is !== 'stored' || (found.stat.sizeBytes ?? sizeBytes) !== sizeBytes) return undefined
    if (found.isTagged) return 'sha256'
    return found.stat.sizeBytes === undefined ? undefined : 'size'
  }

  async #head(hash: BlobHash, signal: AbortSignal): Promise<{ readonly stat: RemoteStat; readonly isTagged: boolean }> {
    const request: HttpRequest = { operation: 'stat', method: 'HEAD', url: this.#endpoint.blob(hash), hash, signal }
    const response = await this.#requester.send(request)
    if (response.status === 404) return { stat: { is: 'absent' }, isTagged: false }
    if (response.status === 410) return { stat: { is: 'gone' }, isTagged: false }
    if (response.status !== 200) throw await this.#requester.errorOf(request, response)
    if (isPortal(response, hash)) throw notOurs('blob-http.stat', response.status)
    const length = response.headers.get('content-length')
    const isTagged = (response.headers.get('etag') ?? '').includes(hexOf(hash))
    return { stat: { is: 'stored', sizeBytes: length === null ? undefined : Number(length) }, isTagged }
  }

  /** `undefined` when the server has no such route. */
  async #list(hashes: readonly BlobHash[], signal: AbortSignal): Promise<readonly RemoteStat[] | undefined> {
    const request: HttpRequest = {
      operation: 'stat', method: 'POST', url: this.#endpoint.stat(), headers: { 'content-type': 'application/json' },
      body: JSON.stringify(hashes), signal,
    }
    const response = await this.#requester.send(request)
    if (NO_ROUTE.has(response.status)) {
      await response.body?.cancel()
      this.#hasRoute = false
      return undefined
    }
    if (!response.ok) throw await this.#requester.errorOf(request, response)
    const stats = parseStats(await this.#requester.jsonOf(request, response), hashes)
    if (stats === undefined) throw notOurs('blob-http.stat', response.status)
    return stats
  }

  async #each(hashes: readonly BlobHash[], signal: AbortSignal): Promise<readonly RemoteStat[]> {
    const found: RemoteStat[] = []
    for (let from = 0; from < hashes.length; from += HEADS_AT_ONCE) {
      found.push(...(await Promise.all(hashes.slice(from, from + HEADS_AT_ONCE).map(async (hash) => (await this.#head(hash, signal)).stat))))
    }
    return found
  }
}

/** Only an answer about exactly these hashes in this order counts. */
function parseStats(answer: unknown, hashes: readonly BlobHash[]): readonly RemoteStat[] | undefined {
  const results = isJsonObject(answer) ? answer.results : undefined
  if (!Array.isArray(results) || results.length !== hashes.length) return undefined
  const stats = (results as readonly Json[]).map((entry, index) => parseStat(entry, hashes[index]))
  return stats.every((stat) => stat !== undefined) ? stats : undefined
}

function parseStat(entry: Json, hash: BlobHash | undefined): RemoteStat | undefined {
  if (!isJsonObject(entry) || entry.hash !== hash) return undefined
  if (entry.is === 'stored') return { is: 'stored', sizeBytes: typeof entry.sizeBytes === 'number' ? entry.sizeBytes : undefined }
  return entry.is === 'absent' || entry.is === 'gone' ? { is: entry.is } : undefined
}
