import type { BlobHash } from '../wire/blob-hash.ts'
import type { HashAnswer, HashBegun, HashRequest } from './worker-protocol.ts'

/** The worker died or never started; the work is to be done elsewhere. */
export const WORKER_LOST: unique symbol = Symbol('worker lost')

/** One worker with one job at a time. */
export interface HashWorker {
  /** @throws the signal's reason when aborted; what reading the blob failed with. */
  hash(blob: Blob, signal: AbortSignal | undefined): Promise<BlobHash | typeof WORKER_LOST>
  /** Ends the worker after a while unless it is used again. */
  rest(): void
  isLost(): boolean
  everAnswered(): boolean
}

/** A script that a bundler broke, or that the network never brings, fires no `error` everywhere. */
export const BEGINS_WITHIN_MS = 30_000

export function startHashWorker(factory: () => Worker, idleMs: number, onRetire: () => void): HashWorker {
  const worker = factory()
  let [lost, answered] = [false, false]
  let settle: (answer: HashAnswer | typeof WORKER_LOST) => void = () => undefined
  let idleTimer: ReturnType<typeof setTimeout> | undefined
  let patience: ReturnType<typeof setTimeout> | undefined
  worker.addEventListener('message', ({ data }: MessageEvent<HashAnswer | HashBegun>) => {
    answered = true
    clearTimeout(patience)
    if (data.is !== 'begun') settle(data)
  })
  const lose = (): void => {
    lost = true
    clearTimeout(patience)
    worker.terminate()
    settle(WORKER_LOST)
  }
  worker.addEventListener('error', lose)
  worker.addEventListener('messageerror', lose)
  const send = (request: HashRequest): void => worker.postMessage(request)

  return {
    async hash(blob, signal) {
      clearTimeout(idleTimer)
      const answer = new Promise<HashAnswer | typeof WORKER_LOST>((resolve) => { settle = resolve })
      const cancel = (): void => send({ is: 'cancel' })
      signal?.addEventListener('abort', cancel, { once: true })
      if (lost) lose()
      else {
        patience = setTimeout(lose, BEGINS_WITHIN_MS)
        send({ is: 'hash', blob })
      }
      const got = await answer
      signal?.removeEventListener('abort', cancel)
      signal?.throwIfAborted()
      if (got === WORKER_LOST) return got
      if (got.is === 'failed') throw got.error
      return got.hash
    },
    rest() {
      idleTimer = setTimeout(() => {
        worker.terminate()
        onRetire()
      }, idleMs)
    },
    isLost: () => lost,
    everAnswered: () => answered,
  }
}
