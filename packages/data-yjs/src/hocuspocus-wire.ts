/** The few messages of Hocuspocus that tell what the server has. Its `SyncReply` never reaches a client. */
export type HocuspocusMessage =
  | { readonly is: 'step-1' }
  | { readonly is: 'step-2' }
  | { readonly is: 'update' }
  | { readonly is: 'status'; readonly applied: boolean }
  | { readonly is: 'other' }

const SYNC = 0
const SYNC_STATUS = 8
const SYNC_KINDS = [{ is: 'step-1' }, { is: 'step-2' }, { is: 'update' }] as const

/** Reads the head of a message: document name, type, and for a sync message which step it is. */
export function readMessage(bytes: Uint8Array): HocuspocusMessage {
  const reader = new VarReader(bytes)
  reader.skip(reader.uint())
  switch (reader.uint()) {
    case SYNC: return SYNC_KINDS[reader.uint()] ?? { is: 'other' }
    case SYNC_STATUS: return { is: 'status', applied: reader.uint() === 1 }
    default: return { is: 'other' }
  }
}

/** lib0's variable-length integers, as far as a message head needs them. Past the end it reads as NaN, which matches nothing. */
class VarReader {
  readonly #bytes: Uint8Array
  #at = 0

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes
  }

  uint(): number {
    let [value, factor] = [0, 1]
    for (let byte = this.#bytes[this.#at++]; byte !== undefined; byte = this.#bytes[this.#at++]) {
      value += (byte & 0x7f) * factor
      factor *= 128
      if (byte < 0x80) return value
    }
    return Number.NaN
  }

  skip(count: number): void {
    this.#at += count
  }
}
