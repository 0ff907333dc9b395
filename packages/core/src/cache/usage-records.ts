import type { StateStore } from '../provider/state-store.ts'
import { prefixRange, useKey } from '../state/keys.ts'
import { blobHashFromHex, type BlobHash } from '../wire/blob-hash.ts'

/** When bytes came and were last read, as places in one sequence. Losing the newest ones makes eviction a little less wise. */
export interface UseRecord {
  readonly v: 1
  readonly added: number
  readonly used: number
}

/** Records of this device's bytes, written together now and then: a read must not cost a write. */
const MAX_OPS_AN_UPDATE = 500

export function readUse(value: unknown): UseRecord | undefined {
  const known = typeof value === 'object' && value !== null && (value as { readonly v?: unknown }).v === 1
  return known ? (value as UseRecord) : undefined
}

export async function loadUses(state: StateStore, signal: AbortSignal): Promise<ReadonlyMap<BlobHash, UseRecord>> {
  const uses = new Map<BlobHash, UseRecord>()
  for await (const page of state.read(prefixRange('use/'), { signal })) {
    for (const { key, value } of page) {
      const use = readUse(value)
      if (use !== undefined) uses.set(blobHashFromHex(key.slice('use/'.length)), use)
    }
  }
  return uses
}

/** `undefined` removes a record: its bytes are gone. */
export async function saveUses(state: StateStore, uses: readonly (readonly [BlobHash, UseRecord | undefined])[]): Promise<void> {
  for (let at = 0; at < uses.length; at += MAX_OPS_AN_UPDATE) {
    const ops = uses.slice(at, at + MAX_OPS_AN_UPDATE).map(([hash, use]) => (use === undefined ? { delete: useKey(hash) } : { put: useKey(hash), value: use }))
    await state.update([], () => ({ ops, result: undefined }), { durability: 'relaxed' })
  }
}
