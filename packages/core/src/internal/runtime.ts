import * as Cause from 'effect/Cause'
import * as EffectClock from 'effect/Clock'
import * as Duration from 'effect/Duration'
import * as Effect from 'effect/Effect'
import * as Exit from 'effect/Exit'
import type { Clock } from '../provider/environment.ts'

/** Lets Effect's sleeps and time run on the environment's clock, so that a test holds all of the engine's time in one hand. */
export function clockService(clock: Clock): EffectClock.Clock {
  const nanos = (milliseconds: number): bigint => BigInt(Math.round(milliseconds * 1_000)) * 1_000n
  return {
    currentTimeMillisUnsafe: () => clock.nowMs(),
    currentTimeMillis: Effect.sync(() => clock.nowMs()),
    currentTimeNanosUnsafe: () => nanos(clock.nowMs()),
    currentTimeNanos: Effect.sync(() => nanos(clock.nowMs())),
    monotonicTimeNanosUnsafe: () => nanos(clock.monotonicMs()),
    monotonicTimeNanos: Effect.sync(() => nanos(clock.monotonicMs())),
    sleep: (duration) =>
      Effect.callback<void>((resume) => {
        const cancel = clock.timer(Duration.toMillis(duration), () => resume(Effect.void))
        return Effect.sync(cancel)
      }),
  }
}

/** A promise as an effect: its rejection is the typed failure as it is; interruption aborts the signal. */
export function attempt<A>(run: (signal: AbortSignal) => Promise<A>): Effect.Effect<A, unknown> {
  return Effect.tryPromise({ try: (signal) => run(signal), catch: (error) => error })
}

/**
 * The boundary between Effect and promises: a typed failure rejects as itself, a bug as itself, an abort as the signal's reason
 * (plain `Effect.runPromise` would give an error that speaks of fibers).
 */
export async function runPublic<A>(effect: Effect.Effect<A, unknown>, clock: Clock, signal: AbortSignal): Promise<A> {
  const program = Effect.provideService(effect, EffectClock.Clock, clockService(clock))
  const exit = await Effect.runPromiseExit(program, { signal })
  if (Exit.isSuccess(exit)) return exit.value
  if (signal.aborted && Cause.hasInterruptsOnly(exit.cause)) throw signal.reason
  throw Cause.squash(exit.cause)
}
