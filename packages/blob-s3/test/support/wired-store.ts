import { afterAll, beforeAll } from 'vitest'
import type { BlobProvider } from '@bse/core/provider'
import { plainProviderContext } from '@bse/core/testing'
import { Proxy } from '../../../../scripts/services/proxy.ts'
import { startS3Backend, type S3Backend } from '../../../../scripts/services/s3-backend.ts'
import { s3Blobs, type S3BlobsOptions } from '../../src/index.ts'

/** A bucket on Ceph that clients reach through a wire, which counts and can be held up or cut. */
export class WiredStore {
  #backend: S3Backend | undefined
  #wire: Proxy | undefined

  async open(): Promise<void> {
    const through = async (endpoint: string): Promise<string> => (this.#wire = await Proxy.open(Number(new URL(endpoint).port))).url
    this.#backend = await startS3Backend({ through })
  }

  async close(): Promise<void> {
    await this.#wire?.close()
    await this.#backend?.close()
  }

  get backend(): S3Backend {
    return this.#opened(this.#backend)
  }

  get wire(): Proxy {
    return this.#opened(this.#wire)
  }

  provider(options: Partial<S3BlobsOptions>): BlobProvider {
    const { presignEndpoint, storeUrl } = this.backend
    const made = s3Blobs({ storeUrl, presignEndpoint, ...options })
    made.connect(plainProviderContext())
    return made
  }

  #opened<T>(part: T | undefined): T {
    if (part === undefined) throw new Error('the store is not open')
    return part
  }
}

/** For all tests of a file. */
export function wiredStore(): WiredStore {
  const store = new WiredStore()
  beforeAll(() => store.open(), 120_000)
  afterAll(() => store.close())
  return store
}
