import * as Effect from 'effect/Effect'
import * as Latch from 'effect/Latch'

/** How a loop waits for work: signalled from outside, or by the clock. Signals between two waits are not lost. */
export class Wake {
  readonly #latch: Latch.Latch = Latch.makeUnsafe(false)

  signal(): void {
    Latch.openUnsafe(this.#latch)
  }

  /** Call before looking for work: a signal from here on ends the next wait at once. */
  reset(): void {
    Latch.closeUnsafe(this.#latch)
  }

  /** Until signalled, or `waitMs` have passed; `undefined` waits for the signal alone. */
  wait(waitMs: number | undefined): Effect.Effect<void> {
    const signalled = this.#latch.await
    return waitMs === undefined ? signalled : Effect.raceFirst(signalled, Effect.sleep(Math.max(0, waitMs)))
  }
}
