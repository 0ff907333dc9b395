import { BseError, blobPath, type BlobHash } from '@bse/core/wire'

/** Where the blobs are: makes every URL that is asked for, and names the store. */
export class Endpoint {
  readonly #url: string
  #resolved: URL | undefined

  /** @throws BseError `CONFIG_INVALID` for what can never become an address. A relative one is resolved when it is first used. */
  constructor(url: string) {
    this.#url = url
    if (!URL.canParse(url, 'https://placeholder.invalid/')) throw wrong('not a URL')
    if (URL.canParse(url)) check(new URL(url))
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

  stat(): string {
    return this.#with('/stat')
  }

  #with(path: string): string {
    return `${this.#base.origin}${trimmed(this.#base)}${path}${this.#base.search}`
  }

  get #base(): URL {
    return (this.#resolved ??= this.#resolve())
  }

  #resolve(): URL {
    const page = (globalThis as { readonly location?: { readonly href: string } }).location?.href
    if (!URL.canParse(this.#url, page)) throw wrong('a relative URL needs a page around it')
    return check(new URL(this.#url, page))
  }
}

function check(url: URL): URL {
  if (url.protocol !== 'https:' && url.protocol !== 'http:') throw wrong('neither http nor https')
  if (url.username !== '' || url.password !== '') throw wrong('credentials belong into headers')
  return url
}

function trimmed(url: URL): string {
  return url.pathname.replace(/\/+$/, '')
}

function wrong(why: string): BseError {
  return new BseError('CONFIG_INVALID', `blob-http: ${why}`, { option: 'url' })
}
