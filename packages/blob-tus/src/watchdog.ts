import { BseError } from '@bse/core/wire'
import type { Clock } from '@bse/core/provider'

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
    this.#cancel = this.#clock.timer(idleMs, () => this.#abort.abort(new BseError('NETWORK', 'blob-tus: nothing moved for too long', { status: undefined })))
  }

  stop(): void {
    this.#cancel()
  }
}
