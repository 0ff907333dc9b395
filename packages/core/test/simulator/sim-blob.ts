import { createHash } from 'node:crypto'
import { blobHashFromHex, type BlobHash } from '../../src/wire/blob-hash.ts'

type Part = Uint8Array | ArrayBuffer | SimBlob | string

/**
 * A Blob whose reads take no time. Node reads the real one in another thread, so two reads would end in an order that no seed
 * decides.
 */
export class SimBlob {
  readonly bytesNow: Uint8Array<ArrayBuffer>
  readonly size: number
  readonly type: string

  constructor(parts: readonly Part[] = [], options: { readonly type?: string } = {}) {
    const pieces = parts.map(toBytes)
    this.bytesNow = new Uint8Array(pieces.reduce((sum, piece) => sum + piece.byteLength, 0))
    let at = 0
    for (const piece of pieces) {
      this.bytesNow.set(piece, at)
      at += piece.byteLength
    }
    this.size = this.bytesNow.byteLength
    this.type = options.type ?? ''
  }

  get [Symbol.toStringTag](): string {
    return 'Blob'
  }

  async arrayBuffer(): Promise<ArrayBuffer> {
    return this.bytesNow.slice().buffer
  }

  async bytes(): Promise<Uint8Array<ArrayBuffer>> {
    return this.bytesNow.slice()
  }

  async text(): Promise<string> {
    return new TextDecoder().decode(this.bytesNow)
  }

  slice(start?: number, end?: number, type?: string): SimBlob {
    return new SimBlob([this.bytesNow.slice(start, end)], type === undefined ? {} : { type })
  }

  stream(): ReadableStream<Uint8Array> {
    return streamOf(this.bytesNow.slice())
  }
}

export class SimFile extends SimBlob {
  readonly name: string

  constructor(parts: readonly Part[], name: string, options: { readonly type?: string } = {}) {
    super(parts, options)
    this.name = name
  }

  override get [Symbol.toStringTag](): string {
    return 'File'
  }
}

export function streamOf(bytes: Uint8Array): ReadableStream<Uint8Array> {
  return new ReadableStream({
    start(controller) {
      if (bytes.byteLength > 0) controller.enqueue(bytes)
      controller.close()
    },
  })
}

function toBytes(part: Part): Uint8Array {
  if (part instanceof SimBlob) return part.bytesNow
  if (typeof part === 'string') return new TextEncoder().encode(part)
  return part instanceof ArrayBuffer ? new Uint8Array(part) : part
}

/** By another implementation than the engine's, at once. */
export function hashNow(bytes: Uint8Array | Blob | SimBlob): BlobHash {
  const content = bytes instanceof Uint8Array ? bytes : (bytes as unknown as SimBlob).bytesNow
  return blobHashFromHex(createHash('sha256').update(content).digest('hex'))
}
