import { delay } from '../environment/delay.ts'
import type { Clock } from '../provider/environment.ts'
import type { StateStore } from '../provider/state-store.ts'
import { askLeader } from '../state/leader-state.ts'
import type { Pulse } from './pulse.ts'

/** How often those in line ask, and how long the leader has for its answer: together less than half a minute. */
const ASK_EVERY_MS = 12_000
const ANSWER_WITHIN_MS = 12_000

export interface SilenceOptions {
  readonly state: StateStore
  readonly pulse: Pulse
  readonly clock: Clock
}

/**
 * Resolves when the leader does not answer: it hangs, or is frozen in a way that nobody was told of. Questions and answers are
 * records, and the leader's answer needs no timer of its own: browsers slow down those of hidden pages.
 *
 * @throws the signal's reason; what state rejects with.
 */
export async function leaderIsSilent(options: SilenceOptions, signal: AbortSignal): Promise<void> {
  for (;;) {
    await delay(options.clock, ASK_EVERY_MS, signal)
    if (!(await leaderAnswers(options, signal))) return
  }
}

/** Whether the leader is there, or another has come in the meantime. @throws as `leaderIsSilent`. */
async function leaderAnswers({ state, pulse, clock }: SilenceOptions, signal: AbortSignal): Promise<boolean> {
  const { epoch } = pulse
  const asked = await askLeader(state)
  const over = new AbortController()
  const both = AbortSignal.any([signal, over.signal])
  const answered = pulse.until(() => pulse.epoch !== epoch || pulse.answered >= asked || pulse.isVacant, both).then(() => true)
  const late = delay(clock, ANSWER_WITHIN_MS, both).then(() => false)
  try {
    return await Promise.race([answered, late])
  } finally {
    over.abort()
    await Promise.allSettled([answered, late])
  }
}

/** Resolves when nobody leads by the record, or whoever does is silent: for pages that share no lock. @throws as `leaderIsSilent`. */
export async function leadIsVacant(options: SilenceOptions, signal: AbortSignal): Promise<void> {
  const { pulse, clock } = options
  while (!pulse.isVacant && (await leaderAnswers(options, signal))) {
    const over = new AbortController()
    const both = AbortSignal.any([signal, over.signal])
    const waits = [pulse.until(() => pulse.isVacant, both), delay(clock, ASK_EVERY_MS, both)]
    try {
      await Promise.race(waits)
    } finally {
      over.abort()
      await Promise.allSettled(waits)
    }
  }
}
