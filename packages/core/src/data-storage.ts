import type { DataStorage } from './provider/data-provider.ts'
import type { StateOp, StateStore } from './provider/state-store.ts'
import { prefixRange, PROVIDER_PREFIX } from './state/keys.ts'
import type { LeaderState } from './state/leader-state.ts'

/** The provider's own corner of state, written only while this tab leads. */
export function dataStorage(state: StateStore, leader: LeaderState): DataStorage {
  return {
    get: (keys) => state.get(keys.map((key) => PROVIDER_PREFIX + key)),
    list: async function* (prefix, options = {}) {
      for await (const page of state.read(prefixRange(PROVIDER_PREFIX + prefix), options)) {
        yield page.map(({ key, value }) => ({ key: key.slice(PROVIDER_PREFIX.length), value }))
      }
    },
    write: (ops, options) => leader.update([], () => ({ ops: ops.map(prefixed), result: undefined }), options),
  }
}

function prefixed(op: StateOp): StateOp {
  if ('put' in op) return { put: PROVIDER_PREFIX + op.put, value: op.value }
  if ('delete' in op) return { delete: PROVIDER_PREFIX + op.delete }
  return { deleteRange: { from: PROVIDER_PREFIX + op.deleteRange.from, to: PROVIDER_PREFIX + op.deleteRange.to } }
}
