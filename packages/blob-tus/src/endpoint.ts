import { BseError } from '@bse/core/wire'

/** Where uploads are created. Nothing of this adapter ever talks to another origin: credentials would go along. */
export class TusEndpoint {
  readonly #url: string
  #resolved: URL | undefined

  /** @throws BseError `CONFIG_INVALID` for what can never become an address. A relative one is resolved when it is first used. */
  constructor(url: string) {
    this.#url = url
    if (!URL.canParse(url, 'https://placeholder.invalid/')) throw wrong('not a URL')
    if (URL.canParse(url)) check(new URL(url))
  }

  get href(): string {
    return this.#base.href
  }

  /** Whether this is an upload that the endpoint's own server may have named. */
  isOurs(uploadUrl: string): boolean {
    return URL.canParse(uploadUrl, this.href) && new URL(uploadUrl, this.href).origin === this.#base.origin
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

function wrong(why: string): BseError {
  return new BseError('CONFIG_INVALID', `blob-tus: ${why}`, { option: 'endpoint' })
}
