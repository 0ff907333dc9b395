import { AwsV4Signer } from 'aws4fetch'
import { BseError } from '@bse/core/wire'

export interface S3Credentials {
  readonly accessKeyId: string
  readonly secretAccessKey: string
  readonly sessionToken?: string
}

export interface S3BucketOptions {
  /** Where the objects are: `https://s3.eu-central-1.amazonaws.com/media` or `https://media.s3.eu-central-1.amazonaws.com`. */
  readonly storeUrl: string
  /** Where clients reach the same bucket, when that is another address. Default: `storeUrl`. */
  readonly publicUrl?: string
  /** `auto` for R2. */
  readonly region: string
  /** A function where they are lent for a time only; it is asked before each request. */
  readonly credentials: S3Credentials | (() => S3Credentials | Promise<S3Credentials>)
}

export interface ToSign {
  readonly method: string
  /** Empty for the bucket itself. */
  readonly key: string
  readonly query?: Readonly<Record<string, string>>
  readonly headers?: Readonly<Record<string, string>>
}

/** AWS Signature Version 4 for one bucket, by WebCrypto: the same in Node and in workers. */
export class S3Signer {
  readonly #base: URL
  readonly #options: S3BucketOptions
  readonly #keys = new Map<string, ArrayBuffer>()

  /** @throws BseError `CONFIG_INVALID`. */
  constructor(options: S3BucketOptions) {
    if (!URL.canParse(options.storeUrl)) throw new BseError('CONFIG_INVALID', 'server: the address of the bucket is no URL', { option: 'storeUrl' })
    this.#base = new URL(options.storeUrl)
    this.#options = options
  }

  /** Where a copy finds its source: `<bucket>/<key>`, both encoded. */
  copySource(key: string): string {
    const bucket = this.#base.pathname.split('/').findLast((segment) => segment !== '') ?? this.#base.hostname.split('.')[0]
    return `/${bucket}/${encodedPath(key)}`
  }

  /** The headers that make it ours; the body is not signed, its transport protects it. */
  async sign(request: ToSign): Promise<{ readonly url: string; readonly headers: Headers }> {
    const signer = new AwsV4Signer({ ...(await this.#signing()), method: request.method, url: this.#url(request), headers: { ...request.headers } })
    const { headers, url } = await signer.sign()
    return { headers, url: url.toString() }
  }

  /** A URL that anybody may use as it is, with exactly the headers that are given here. */
  async presign(request: ToSign, expiresInMs: number): Promise<string> {
    const seconds = Math.max(1, Math.floor(expiresInMs / 1_000))
    const url = this.#url({ ...request, query: { ...request.query, 'X-Amz-Expires': String(seconds) } })
    const signer = new AwsV4Signer({ ...(await this.#signing()), method: request.method, url, headers: { ...request.headers }, signQuery: true, allHeaders: true })
    return (await signer.sign()).url.toString()
  }

  async #signing(): Promise<S3Credentials & { service: string; region: string; cache: Map<string, ArrayBuffer> }> {
    const { credentials, region } = this.#options
    return { ...(typeof credentials === 'function' ? await credentials() : credentials), service: 's3', region, cache: this.#keys }
  }

  #url({ key, query = {} }: ToSign): string {
    const url = new URL(this.#base)
    const path = url.pathname.replace(/\/+$/, '')
    url.pathname = key === '' ? path : `${path}/${encodedPath(key)}`
    for (const [name, value] of Object.entries(query)) url.searchParams.set(name, value)
    return url.toString()
  }
}

function encodedPath(key: string): string {
  return key.split('/').map(encodeURIComponent).join('/')
}
