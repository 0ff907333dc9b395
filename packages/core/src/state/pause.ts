import { NOTHING_PAUSED, type Paused } from '../model/paused.ts'
import type { StateStore } from '../provider/state-store.ts'
import { PAUSED_KEY } from './keys.ts'
import { readPaused } from './records.ts'

/** Holds back one item, or everything. In state, so that it holds for all tabs and after a reload. `isKnown`: ids that are still pending. */
export function pause(state: StateStore, id: string | undefined, isKnown: (id: string) => boolean): Promise<void> {
  return change(state, ({ all, ids }) => ({
    v: 1, all: all || id === undefined, ids: id === undefined ? ids : [...ids.filter((one) => one !== id && isKnown(one)), id],
  }))
}

/** Without an id everything goes on, also what was held back by itself. */
export function resume(state: StateStore, id: string | undefined): Promise<void> {
  return change(state, (paused) => (id === undefined ? NOTHING_PAUSED : { ...paused, ids: paused.ids.filter((one) => one !== id) }))
}

function change(state: StateStore, next: (paused: Paused) => Paused): Promise<void> {
  return state.update([PAUSED_KEY], (get) => ({ ops: [{ put: PAUSED_KEY, value: next(readPaused(get(PAUSED_KEY))) }], result: undefined }), { durability: 'strict' })
}
