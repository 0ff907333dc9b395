import { BseError } from '../errors.ts'
import type { Clock } from '../provider/environment.ts'

/** Fires when nothing has moved for `idleMs`. `feed` after each sign of life; `stop` at the end. */
export class Watchdog {
  readonly #abort = new AbortController()
  readonly #clock: Clock
  #cancel: () => void = () => undefined

  constructor(clock: Clock, idleMs: number) {
    this.#clock = clock
    this.feed(idleMs)
  }

  /** Aborts with `NETWORK`. */
  get signal(): AbortSignal {
    return this.#abort.signal
  }

  feed(idleMs: number): void {
    this.stop()
    this.#cancel = this.#clock.timer(idleMs, () => this.#abort.abort(new BseError('NETWORK', 'http: nothing moved for too long', { status: undefined })))
  }

  stop(): void {
    this.#cancel()
  }
}

/** Rejects with the signal's reason when that comes first, also when both are there already. */
export async function orAborted<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  const { promise, reject } = Promise.withResolvers<never>()
  const onAbort = (): void => reject(signal.reason)
  if (signal.aborted) onAbort()
  signal.addEventListener('abort', onAbort)
  try {
    return await Promise.race([promise, work])
  } finally {
    signal.removeEventListener('abort', onAbort)
  }
}
