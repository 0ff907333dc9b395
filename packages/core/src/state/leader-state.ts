import { BseError } from '../errors.ts'
import type { Decide, StateStore, UpdateOptions } from '../provider/state-store.ts'
import { LEASE_KEY } from './keys.ts'
import { readLease } from './records.ts'

/** Takes the lead: a new epoch, from which on every commit of an older leader is refused. */
export function takeLease(state: StateStore, tabId: string): Promise<number> {
  return state.update([LEASE_KEY], (get) => {
    const epoch = (readLease(get(LEASE_KEY))?.epoch ?? 0) + 1
    return { ops: [{ put: LEASE_KEY, value: { v: 1, epoch, tabId } }], result: epoch }
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

  async assertLease(): Promise<void> {
    const [lease] = await this.#state.get([LEASE_KEY])
    if (readLease(lease)?.epoch !== this.epoch) throw lostLease(this.epoch)
  }
}

function lostLease(epoch: number): BseError {
  return new BseError('LOST_LEASE', 'tabs: another tab leads by now', { epoch })
}
