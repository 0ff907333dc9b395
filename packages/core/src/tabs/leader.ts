import { hasCode } from '../errors.ts'
import { delay } from '../environment/delay.ts'
import type { Logger } from '../provider/context.ts'
import type { Environment, Locks } from '../provider/environment.ts'
import type { StateStore } from '../provider/state-store.ts'
import { LeaderState, takeLease } from '../state/leader-state.ts'

export interface LeadershipOptions {
  readonly environment: Environment
  /** Over all tabs that share this state. */
  readonly locks: Locks
  readonly state: StateStore
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
 * since it may be frozen while it holds the lock; it stands in line again when it is shown.
 */
export async function runLeadership(options: LeadershipOptions, signal: AbortSignal): Promise<void> {
  const page = pageVisible(options.environment, signal)
  while (!signal.aborted) {
    try {
      await page.shown()
      await leadOnce(options, AbortSignal.any([signal, page.hidden()]))
    } catch (error) {
      if (signal.aborted) return
      if (!page.hidden().aborted) {
        if (!hasCode(error, 'LOST_LEASE')) options.onFailure(error)
        options.logger.warn('the leader session ended', { error: String(error) })
        await delay(options.environment.clock, PAUSE_MS, signal).catch(() => undefined)
      }
    }
  }
}

async function leadOnce(options: LeadershipOptions, signal: AbortSignal): Promise<void> {
  const { locks, state, namespace, tabId, session, onLeading } = options
  const lock = await locks.acquire(`bse/${namespace}/leader`, { mode: 'exclusive', signal })
  try {
    const epoch = await takeLease(state, tabId)
    signal.throwIfAborted()
    onLeading(true)
    await session(new LeaderState(state, epoch), signal)
  } finally {
    onLeading(false)
    lock.release()
  }
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
