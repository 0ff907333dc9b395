import type { MutationId } from '../wire/mutation-wire.ts'

/** What ids are made of: wall time and cryptographic randomness, both from the environment. */
export interface IdSource {
  nowMs(): number
  randomBytes(length: number): Uint8Array
}

/** RFC 9562: 48 bits of milliseconds, then randomness. Sorts by time; order within the queue is by sequence, never by id. */
export function uuidV7(source: IdSource): MutationId {
  const bytes = source.randomBytes(16)
  let rest = Math.max(0, Math.floor(source.nowMs()))
  for (let index = 5; index >= 0; index--) {
    bytes[index] = rest % 256
    rest = Math.floor(rest / 256)
  }
  bytes[6] = 0x70 | ((bytes[6] ?? 0) & 0x0f)
  bytes[8] = 0x80 | ((bytes[8] ?? 0) & 0x3f)
  const hex = Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('')
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`
}

const PROVISIONAL = 'pending:'

/** Names bytes that are not hashed yet. Lives in one tab's memory; never in state, other tabs or on the wire. */
export function provisionalHash(source: IdSource): string {
  return `${PROVISIONAL}${uuidV7(source)}`
}

export function isProvisional(hash: string): boolean {
  return hash.startsWith(PROVISIONAL)
}
