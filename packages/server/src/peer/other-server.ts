import { Readable } from 'node:stream'
import { json } from 'node:stream/consumers'
import type { Logger } from '@bse/core/provider'
import { isBlobHash, isJsonObject, type AnnouncedSet, type BlobAwareness, type BlobHash } from '@bse/core/wire'
import type { PinnedGet } from './pinned-get.ts'

/** Its list is read no more often. */
const LIST_EVERY_MS = 15_000
const MAX_PAGES = 10_000

/** A server of the configuration, as others of its kind see it. */
export class OtherServer {
  readonly #base: URL
  readonly #http: PinnedGet
  readonly #logger: Logger | undefined
  #listedAtMs = -Infinity

  constructor(url: string, http: PinnedGet, logger: Logger | undefined) {
    this.#base = new URL(url)
    this.#http = http
    this.#logger = logger
  }

  /** Whether an announced URL is this one. It is compared, and never called. */
  isAt(url: string): boolean {
    const other = URL.parse(url)
    return other !== null && other.username === '' && other.password === '' && other.origin === this.#base.origin && pathOf(other) === pathOf(this.#base)
  }

  open(hash: BlobHash, signal: AbortSignal): Promise<ReadableStream<Uint8Array>> {
    return this.#http.get(this.#url(`/${hash}`), signal).then((response) => Readable.toWeb(response) as ReadableStream<Uint8Array>)
  }

  /** What it has and `own` does not. `undefined` when that cannot be said yet: to be asked again later. */
  async missing(said: BlobAwareness, own: AnnouncedSet, signal: AbortSignal): Promise<{ readonly hashes: readonly BlobHash[]; readonly isWhole: boolean }> {
    const recent = said.blobHashes.filter((hash) => !own.has(hash))
    if (said.root === undefined || said.root === own.digest.toHex(recent)) return { hashes: recent, isWhole: true }
    if (performance.now() - this.#listedAtMs < LIST_EVERY_MS) return { hashes: recent, isWhole: false }
    this.#listedAtMs = performance.now()
    return { hashes: (await this.#list(signal)).filter((hash) => !own.has(hash)), isWhole: true }
  }

  async #list(signal: AbortSignal): Promise<readonly BlobHash[]> {
    const hashes: BlobHash[] = []
    let query = ''
    for (let count = 0; count < MAX_PAGES; count++) {
      const page: unknown = await json(await this.#http.get(this.#url(query), signal))
      const blobs = isJsonObject(page) && Array.isArray(page.blobs) ? (page.blobs as readonly unknown[]) : []
      for (const blob of blobs) if (isJsonObject(blob) && isBlobHash(blob.hash)) hashes.push(blob.hash)
      if (!isJsonObject(page) || typeof page.next !== 'string') return hashes
      query = `?cursor=${encodeURIComponent(page.next)}`
    }
    this.#logger?.warn('the list of another server has no end', {})
    return hashes
  }

  #url(rest: string): string {
    return `${this.#base.origin}${pathOf(this.#base)}/blobs${rest}`
  }
}

function pathOf({ pathname }: URL): string {
  return pathname.replace(/\/+$/, '').replace(/\/blobs$/, '')
}
