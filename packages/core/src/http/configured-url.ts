import { BseError } from '../errors.ts'

/** An http(s) URL out of a configuration. A relative one is resolved against the page when it is first used. */
export class ConfiguredUrl {
  readonly #text: string
  readonly #where: { readonly adapter: string; readonly option: string }
  #resolved: URL | undefined

  /** @throws BseError `CONFIG_INVALID` for what can never become an address. */
  constructor(text: string, where: { readonly adapter: string; readonly option: string }) {
    this.#text = text
    this.#where = where
    if (!URL.canParse(text, 'https://placeholder.invalid/')) throw this.#wrong('not a URL')
    if (URL.canParse(text)) this.#check(new URL(text))
  }

  /** @throws BseError `CONFIG_INVALID` for a relative one without a page around it. */
  get url(): URL {
    return (this.#resolved ??= this.#resolve())
  }

  #resolve(): URL {
    const page = (globalThis as { readonly location?: { readonly href: string } }).location?.href
    if (!URL.canParse(this.#text, page)) throw this.#wrong('a relative URL needs a page around it')
    return this.#check(new URL(this.#text, page))
  }

  #check(url: URL): URL {
    if (url.protocol !== 'https:' && url.protocol !== 'http:') throw this.#wrong('neither http nor https')
    if (url.username !== '' || url.password !== '') throw this.#wrong('credentials belong into headers')
    return url
  }

  #wrong(why: string): BseError {
    return new BseError('CONFIG_INVALID', `${this.#where.adapter}: ${why}`, { option: this.#where.option })
  }
}
