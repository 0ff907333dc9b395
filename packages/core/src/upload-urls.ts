import type { BlobProvider } from './provider/blob-provider.ts'
import type { Logger } from './provider/context.ts'
import type { HeldLock } from './provider/environment.ts'
import { PLACEHOLDER_URL } from './subscription/index.ts'
import type { BlobHash } from './wire/blob-hash.ts'

export interface UploadUrlsDeps {
  readonly blobs: BlobProvider
  readonly logger: Logger
  readonly closing: AbortSignal
  readonly open: (ref: { readonly hash: BlobHash; readonly type: string; readonly sizeBytes: undefined }) => Promise<Blob | null>
  /** Keeps the bytes where they are while a URL is good. */
  readonly borrow: (hash: BlobHash) => Promise<HeldLock>
}

interface GivenUrl {
  readonly url: string
  readonly pin: HeldLock
}

const SIGNED_FOR_MS = 3_600_000
const KEPT_URLS = 100

/** URLs given away without anybody to give them back: the last hundred are good, each blob has one. */
export class UploadUrls {
  readonly #deps: UploadUrlsDeps
  readonly #given: Map<BlobHash, GivenUrl> = new Map()

  constructor(deps: UploadUrlsDeps) {
    this.#deps = deps
  }

  /** Never rejects: where no bytes can be had it is a placeholder. */
  async of(hash: BlobHash, type: string): Promise<string> {
    try {
      return (await this.#signed(hash, type)) ?? (await this.#local(hash, type)) ?? PLACEHOLDER_URL
    } catch (error) {
      this.#deps.logger.info('no URL for an uploaded blob', { hash, error: error instanceof Error ? error.name : typeof error })
      return PLACEHOLDER_URL
    }
  }

  close(): void {
    for (const given of this.#given.values()) takeBack(given)
    this.#given.clear()
  }

  async #signed(hash: BlobHash, type: string): Promise<string | undefined> {
    const { blobs, closing } = this.#deps
    try {
      return (await blobs.url?.({ hash, sizeBytes: undefined, type }, { expiresInMs: SIGNED_FOR_MS, signal: closing }))?.url
    } catch {
      // A server that signs nothing right now: the copy on this device does as well.
      return undefined
    }
  }

  async #local(hash: BlobHash, type: string): Promise<string | undefined> {
    const known = this.#given.get(hash)
    if (known !== undefined) return known.url
    const { open, borrow, closing } = this.#deps
    const pin = await borrow(hash)
    const blob = await open({ hash, type, sizeBytes: undefined })
    const meanwhile = this.#given.get(hash)
    if (blob === null || closing.aborted || meanwhile !== undefined) {
      pin.release()
      return meanwhile?.url
    }
    const given = { url: URL.createObjectURL(blob), pin }
    this.#given.set(hash, given)
    const [oldest] = this.#given
    if (this.#given.size > KEPT_URLS && oldest !== undefined) {
      this.#given.delete(oldest[0])
      takeBack(oldest[1])
    }
    return given.url
  }
}

function takeBack({ url, pin }: GivenUrl): void {
  URL.revokeObjectURL(url)
  pin.release()
}
