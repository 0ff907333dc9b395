import { BseError } from '../errors.ts'
import type { Decide, StateStore, UpdateOptions } from '../provider/state-store.ts'
import type { Lease, Line } from '../model/lease.ts'
import { LEASE_KEY, LINE_KEY } from './keys.ts'
import { leaseAside, readLease, readLine, replacing } from './records.ts'

/**
 * Takes the lead: a new epoch, from which on every commit of an older leader is refused.
 *
 * @throws BseError `SCHEMA_TOO_NEW` where newer code has led: what it left is not ours to carry on.
 */
export function takeLease(state: StateStore, tabId: string): Promise<number> {
  return state.update([LEASE_KEY], (get) => {
    const stored = get(LEASE_KEY)
    const epoch = (readLease(stored)?.epoch ?? 0) + 1
    return { ops: [...replacing(LEASE_KEY, stored, leaseAside(stored)), { put: LEASE_KEY, value: { v: 1, epoch, tabId } satisfies Lease }], result: epoch }
  }, { durability: 'relaxed' })
}

/** Asks the leader whether it is still there; answers the number of the question. One that is open is not asked again. */
export function askLeader(state: StateStore): Promise<number> {
  return state.update([LEASE_KEY, LINE_KEY], (get) => {
    const answered = readLease(get(LEASE_KEY))?.answered ?? 0
    const before = readLine(get(LINE_KEY))?.asked ?? 0
    const asked = Math.max(before, answered + 1)
    return { ops: asked === before ? [] : [{ put: LINE_KEY, value: { v: 1, asked } satisfies Line }], result: asked }
  }, { durability: 'relaxed' })
}

/** State as the leader of one epoch may change it. */
export class LeaderState {
  readonly epoch: number
  readonly #state: StateStore

  constructor(state: StateStore, epoch: number) {
    this.#state = state
    this.epoch = epoch
  }

  /** @throws BseError `LOST_LEASE`, and writes nothing, once another tab leads: also for a tab that was frozen in between. */
  update<T>(read: readonly string[], decide: Decide<T>, options: UpdateOptions): Promise<T> {
    return this.#state.update([...read, LEASE_KEY], (get) => {
      if (readLease(get(LEASE_KEY))?.epoch !== this.epoch) throw lostLease(this.epoch)
      return decide(get)
    }, options)
  }

  /** Tells those who wait that this leader is there. */
  answer(asked: number): Promise<void> {
    return this.#changeLease((lease) => ({ ...lease, answered: asked }))
  }

  /** Ends this leader's time by its own will. */
  release(): Promise<void> {
    return this.#changeLease((lease) => ({ ...lease, released: true }))
  }

  #changeLease(change: (lease: Lease) => Lease): Promise<void> {
    return this.update([], (get) => {
      const lease = readLease(get(LEASE_KEY))
      return { ops: lease === undefined ? [] : [{ put: LEASE_KEY, value: change(lease) }], result: undefined }
    }, { durability: 'relaxed' })
  }

  async assertLease(): Promise<void> {
    const [lease] = await this.#state.get([LEASE_KEY])
    if (readLease(lease)?.epoch !== this.epoch) throw lostLease(this.epoch)
  }
}

export function lostLease(epoch: number): BseError {
  return new BseError('LOST_LEASE', 'tabs: another tab leads by now', { epoch })
}
