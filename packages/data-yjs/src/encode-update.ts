import { UpdateEncoderV1, type ID } from 'yjs'

/** `Y.Map.set` of a root map, as it stands in an update: `origin` is the entry that it replaces. */
export interface CellWrite {
  readonly root: string
  readonly key: string
  readonly value: unknown
  readonly origin: ID | undefined
}

export interface CellRemoval {
  readonly id: ID
  readonly length: number
}

const CONTENT_ANY = 8
const HAS_ORIGIN = 0x80
const HAS_KEY = 0x20

/**
 * Writes the update that Yjs itself would produce for these changes, without touching any document: so it can be stored
 * before the document, and with it the network, sees it. Version 1 of the update format; the tests compare it with Yjs's own.
 */
export function encodeUpdate(client: number, clock: number, writes: readonly CellWrite[], removals: readonly CellRemoval[]): Uint8Array {
  const encoder = new UpdateEncoderV1()
  encoder.writeLen(writes.length === 0 ? 0 : 1)
  if (writes.length > 0) {
    encoder.writeLen(writes.length)
    encoder.writeClient(client)
    encoder.writeLen(clock)
    for (const write of writes) encodeItem(encoder, write)
  }
  encodeRemovals(encoder, removals)
  return encoder.toUint8Array()
}

function encodeItem(encoder: UpdateEncoderV1, { root, key, value, origin }: CellWrite): void {
  encoder.writeInfo(CONTENT_ANY | HAS_KEY | (origin === undefined ? 0 : HAS_ORIGIN))
  if (origin === undefined) {
    encoder.writeParentInfo(true)
    encoder.writeString(root)
    encoder.writeString(key)
  } else {
    encoder.writeLeftID(origin)
  }
  encoder.writeLen(1)
  encoder.writeAny(value)
}

function encodeRemovals(encoder: UpdateEncoderV1, removals: readonly CellRemoval[]): void {
  const byClient = Map.groupBy(removals, ({ id }) => id.client)
  encoder.writeLen(byClient.size)
  for (const [client, ofClient] of byClient) {
    encoder.resetDsCurVal()
    encoder.writeLen(client)
    encoder.writeLen(ofClient.length)
    for (const { id, length } of ofClient.toSorted((a, b) => a.id.clock - b.id.clock)) {
      encoder.writeDsClock(id.clock)
      encoder.writeDsLen(length)
    }
  }
}
