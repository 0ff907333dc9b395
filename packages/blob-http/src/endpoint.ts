import { ConfiguredUrl } from '@bse/core/http'
import { blobPath, type BlobHash } from '@bse/core/wire'

/** Where the blobs are: makes every URL that is asked for, and names the store. */
export class Endpoint {
  readonly #url: ConfiguredUrl

  /** @throws BseError `CONFIG_INVALID` for what can never become an address. A relative one is resolved when it is first used. */
  constructor(url: string) {
    this.#url = new ConfiguredUrl(url, { adapter: 'blob-http', option: 'url' })
  }

  get origin(): string {
    return this.#base.origin
  }

  /** Without the query, which may name a session rather than a store. */
  get remoteId(): string {
    return `http:${this.#base.origin}${trimmed(this.#base)}`
  }

  blob(hash: BlobHash): string {
    return this.#with(blobPath(hash))
  }

  collection(): string {
    return this.#with('')
  }

  /** Of the list of blobs, from its beginning or behind a cursor. */
  page(cursor: string | undefined): string {
    const url = new URL(this.collection())
    if (cursor !== undefined) url.searchParams.set('cursor', cursor)
    return url.href
  }

  stat(): string {
    return this.#with('/stat')
  }

  #with(path: string): string {
    return `${this.#base.origin}${trimmed(this.#base)}${path}${this.#base.search}`
  }

  get #base(): URL {
    return this.#url.url
  }
}

function trimmed(url: URL): string {
  return url.pathname.replace(/\/+$/, '')
}
