import type { Lock, Locker } from '@tus/server'
import { lockedError } from './tus-answer.ts'

/** How long a request waits for another one to let go of its upload. */
export const LOCK_TIMEOUT_MS = 20_000

interface Holder {
  readonly requestRelease: () => Promise<void> | void
  readonly released: Promise<void>
  readonly release: () => void
}

/**
 * One request at a time for each upload, within this process. Whoever waits asks the holder to stop: a client that comes back has
 * given up its old connection, whether or not this server has noticed.
 */
export class LocalLocker implements Locker {
  readonly #timeoutMs: number
  readonly #held = new Map<string, Holder>()

  constructor(timeoutMs: number = LOCK_TIMEOUT_MS) {
    this.#timeoutMs = timeoutMs
  }

  newLock(id: string): Lock {
    let mine: Holder | undefined
    return {
      lock: async (signal, requestRelease) => {
        mine = await this.#acquire(id, signal, requestRelease)
      },
      unlock: async () => {
        if (mine !== undefined && this.#held.get(id) === mine) this.#held.delete(id)
        mine?.release()
        mine = undefined
      },
    }
  }

  /** Asks whoever holds it in this process to let go. */
  async requestRelease(id: string): Promise<void> {
    await this.#held.get(id)?.requestRelease()
  }

  async #acquire(id: string, signal: AbortSignal, requestRelease: Holder['requestRelease']): Promise<Holder> {
    const giveUp = AbortSignal.any([signal, AbortSignal.timeout(this.#timeoutMs)])
    for (let holder = this.#held.get(id); holder !== undefined; holder = this.#held.get(id)) {
      await holder.requestRelease()
      await settledOrAborted(holder.released, giveUp)
      if (giveUp.aborted) throw lockedError()
    }
    const { promise, resolve } = Promise.withResolvers<void>()
    const mine: Holder = { requestRelease, released: promise, release: resolve }
    this.#held.set(id, mine)
    return mine
  }
}

/** Resolves when the work is done or the signal fires, whichever comes first. */
export async function settledOrAborted(work: Promise<unknown>, signal: AbortSignal): Promise<void> {
  if (signal.aborted) return
  const { promise, resolve } = Promise.withResolvers<void>()
  const onAbort = (): void => resolve()
  signal.addEventListener('abort', onAbort, { once: true })
  try {
    await Promise.race([work, promise])
  } finally {
    signal.removeEventListener('abort', onAbort)
  }
}
