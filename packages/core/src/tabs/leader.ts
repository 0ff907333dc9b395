import { hasCode } from '../errors.ts'
import { delay } from '../environment/delay.ts'
import type { Logger } from '../provider/context.ts'
import type { Environment, HeldLock, Locks } from '../provider/environment.ts'
import type { StateStore } from '../provider/state-store.ts'
import { LeaderState, takeLease } from '../state/leader-state.ts'
import type { Pulse } from './pulse.ts'
import { leadIsVacant, leaderIsSilent, type SilenceOptions } from './silence.ts'

export interface LeadershipOptions {
  readonly environment: Environment
  /** Over all tabs that share this state. */
  readonly locks: Locks
  readonly state: StateStore
  readonly pulse: Pulse
  readonly namespace: string
  readonly tabId: string
  readonly logger: Logger
  /** Does the leader's work until aborted. */
  readonly session: (leader: LeaderState, signal: AbortSignal) => Promise<void>
  readonly onLeading: (leads: boolean) => void
  readonly onFailure: (error: unknown) => void
}

const PAUSE_MS = 1_000

/**
 * One tab of all does the work: it holds a lock, and an epoch that each of its commits checks. A hidden page gives the lead away,
 * since it may be frozen while it holds the lock; it stands in line again when it is shown. A leader that falls silent loses the
 * lead to one that is in line.
 */
export async function runLeadership(options: LeadershipOptions, signal: AbortSignal): Promise<void> {
  const page = pageVisible(options.environment, signal)
  while (!signal.aborted) {
    try {
      await page.shown()
      await leadOnce(options, AbortSignal.any([signal, page.hidden()]))
    } catch (error) {
      if (signal.aborted) return
      if (hasCode(error, 'SCHEMA_TOO_NEW')) return options.onFailure(error)
      if (!page.hidden().aborted) {
        if (!hasCode(error, 'LOST_LEASE')) options.onFailure(error)
        options.logger.warn('the leader session ended', { error: String(error) })
        await delay(options.environment.clock, PAUSE_MS, signal).catch(() => undefined)
      }
    }
  }
}

async function leadOnce(options: LeadershipOptions, signal: AbortSignal): Promise<void> {
  const { state, tabId, session, onLeading } = options
  const lock = await turn(options, signal)
  // At once, and not when the work has come to its end: a page that is about to be frozen runs nothing more after this.
  signal.addEventListener('abort', () => lock.release(), { once: true })
  let leader: LeaderState | undefined
  try {
    leader = new LeaderState(state, await takeLease(state, tabId))
    signal.throwIfAborted()
    onLeading(true)
    await session(leader, signal)
  } finally {
    onLeading(false)
    if (options.locks.scope === 'page') await leave(options, leader)
    lock.release()
  }
}

/** Resolves with the leader's lock: in line, or taken from a leader that is silent. */
async function turn(options: LeadershipOptions, signal: AbortSignal): Promise<HeldLock> {
  const { locks, namespace } = options
  const name = `bse/${namespace}/leader`
  const over = new AbortController()
  const both = AbortSignal.any([signal, over.signal])
  const inLine = locks.acquire(name, { mode: 'exclusive', signal: both })
  const silence = leaderIsSilent(watching(options), both)
  silence.catch(() => undefined)
  try {
    const lock = await Promise.race([inLine, silence])
    if (lock === undefined) return await locks.acquire(name, { mode: 'exclusive', steal: true })
    if (locks.scope === 'page') await vacancy(options, signal, lock)
    return lock
  } catch (error) {
    // Granted in the very moment of the abort.
    inLine.then((lock) => lock.release(), () => undefined)
    throw error
  } finally {
    over.abort()
    // Not needed when the lock was stolen.
    inLine.catch(() => undefined)
  }
}

/** Other pages have locks of their own here: whether one of them leads is told by its record, and by its answers. */
async function vacancy(options: LeadershipOptions, signal: AbortSignal, lock: HeldLock): Promise<void> {
  try {
    await leadIsVacant(watching(options), signal)
  } catch (error) {
    lock.release()
    throw error
  }
}

/** The next one need not wait for a silence. What cannot be written any more is found out by that silence. */
async function leave({ logger }: LeadershipOptions, leader: LeaderState | undefined): Promise<void> {
  try {
    await leader?.release()
  } catch (error) {
    if (!hasCode(error, 'LOST_LEASE')) logger.info('could not release the lead', { error: String(error) })
  }
}

function watching({ state, pulse, environment }: LeadershipOptions): SilenceOptions {
  return { state, pulse, clock: environment.clock }
}

interface PageVisible {
  /** Resolves when the page is there. */
  shown(): Promise<void>
  /** Aborts when the page goes away. A new signal after it came back. */
  hidden(): AbortSignal
}

function pageVisible(environment: Environment, signal: AbortSignal): PageVisible {
  let away = new AbortController()
  let back: (() => void) | undefined
  const unsubscribe = environment.lifecycle.subscribe((event) => {
    if (event === 'hide') away.abort(new Error('the page was hidden'))
    else if (away.signal.aborted) {
      away = new AbortController()
      back?.()
    }
  })
  signal.addEventListener('abort', () => {
    unsubscribe()
    back?.()
  }, { once: true })
  return {
    hidden: () => away.signal,
    shown: () => (away.signal.aborted && !signal.aborted ? new Promise((resolve) => (back = resolve)) : Promise.resolve()),
  }
}
