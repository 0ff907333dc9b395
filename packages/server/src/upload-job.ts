import { BseError, errorFromWire } from '@bse/core/wire'
import type { PutResult } from './blob-storage.ts'
import type { FromHashWorker } from './hash-worker-protocol.ts'

/** One upload as the request thread sees it: may it send another block, and how did it end. */
export class UploadJob {
  readonly result: Promise<PutResult>
  readonly #settle: { resolve(result: PutResult): void; reject(error: unknown): void }
  #ended = false
  #credits = 0
  #wake: (() => void) | undefined

  constructor() {
    const { promise, resolve, reject } = Promise.withResolvers<PutResult>()
    // The sender may still be reading when the worker gives up; it looks at the result afterwards.
    promise.catch(() => undefined)
    this.result = promise
    this.#settle = { resolve, reject }
  }

  hear(message: FromHashWorker): void {
    if (message.say === 'wants') this.#credits++
    else if (message.say === 'done') this.#settle.resolve(message.result)
    else this.#settle.reject(errorFromWire(message.error) ?? workerFailed())
    this.#ended ||= message.say !== 'wants'
    this.#wake?.()
  }

  /** The worker is gone, or will be. */
  drop(error: BseError): void {
    this.#settle.reject(error)
    this.#ended = true
    this.#wake?.()
  }

  /** Resolves with true when a block may be sent, with false when the upload has ended already. */
  async mayContinue(): Promise<boolean> {
    while (this.#credits === 0 && !this.#ended) await new Promise<void>((wake) => (this.#wake = wake))
    if (this.#ended) return false
    this.#credits--
    return true
  }
}

export function workerFailed(cause?: unknown): BseError {
  return new BseError('STORAGE_FAILED', 'server: the hash worker stopped', { store: 'fs' }, { cause })
}
