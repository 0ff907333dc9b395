import { compareOffsets, SNAPSHOT_END, type Offset } from './offset.ts'

export interface LogEntry extends Offset {
  /** The JSON of the message. */
  readonly message: string
  /** An answer that reaches it ends behind it. */
  readonly endsChunk: boolean
}

/** A part of the log for one answer: up to the end of a chunk, or of the log. */
export interface LogPart {
  readonly entries: readonly LogEntry[]
  readonly reachesEnd: boolean
}

export type ReadOlder = (after: Offset) => Promise<readonly LogEntry[]>

/**
 * The changes of one shape since its snapshot. The newest are kept in memory, where waiting clients read them without a query; older ones are
 * read from where they are stored.
 */
export class ShapeLog {
  readonly #readOlder: ReadOlder
  readonly #chunkBytes: number
  readonly #tailBytes: number
  #tail: LogEntry[] = []
  #tailSizeBytes = 0
  /** Everything after it is in memory. */
  #tailAfter: Offset
  #openChunkBytes: number
  #sizeBytes: number
  #end: Offset

  constructor(start: { readonly end?: Offset; readonly openChunkBytes?: number; readonly sizeBytes?: number }, options: { readonly readOlder: ReadOlder; readonly chunkBytes: number; readonly tailBytes: number }) {
    this.#readOlder = options.readOlder
    this.#chunkBytes = options.chunkBytes
    this.#tailBytes = options.tailBytes
    this.#end = start.end ?? SNAPSHOT_END
    this.#tailAfter = this.#end
    this.#openChunkBytes = start.openChunkBytes ?? 0
    this.#sizeBytes = start.sizeBytes ?? 0
  }

  /** The place of the newest entry, or of the end of the snapshot. */
  get end(): Offset {
    return this.#end
  }

  /** The entries that these messages will be; nothing is changed before they are stored and given to `append`. */
  planned(messages: readonly (Offset & { readonly message: string })[]): readonly LogEntry[] {
    let bytes = this.#openChunkBytes
    return messages.map((entry) => {
      bytes += Buffer.byteLength(entry.message)
      const endsChunk = bytes >= this.#chunkBytes
      if (endsChunk) bytes = 0
      return { ...entry, endsChunk }
    })
  }

  append(entries: readonly LogEntry[]): void {
    for (const entry of entries) {
      const sizeBytes = Buffer.byteLength(entry.message)
      this.#openChunkBytes = entry.endsChunk ? 0 : this.#openChunkBytes + sizeBytes
      this.#tailSizeBytes += sizeBytes
      this.#sizeBytes += sizeBytes
      this.#tail.push(entry)
      this.#end = entry
    }
    this.#trim()
  }

  async after(offset: Offset): Promise<LogPart> {
    if (compareOffsets(offset, this.#tailAfter) >= 0) return this.newest(offset)
    const older = upToChunkEnd(await this.#readOlder(offset))
    const last = older.at(-1)
    return { entries: older, reachesEnd: last === undefined || compareOffsets(last, this.#end) >= 0 }
  }

  /** The same, for a place that is known to be in memory, at once. */
  newest(offset: Offset): LogPart {
    const entries = upToChunkEnd(this.#tail.slice(this.#firstAfter(offset)))
    const last = entries.at(-1) ?? offset
    return { entries, reachesEnd: compareOffsets(last, this.#end) >= 0 || entries.length === 0 }
  }

  /** Of all messages, in memory or not. */
  get sizeBytes(): number {
    return this.#sizeBytes
  }

  /** The stored log was rewritten: forgets what memory holds of it. */
  rewritten(sizeBytes: number): void {
    this.#sizeBytes = sizeBytes
    this.#tail = []
    this.#tailSizeBytes = 0
    this.#tailAfter = this.#end
  }

  #firstAfter(offset: Offset): number {
    let [low, high] = [0, this.#tail.length]
    while (low < high) {
      const middle = (low + high) >> 1
      const entry = this.#tail[middle]
      if (entry !== undefined && compareOffsets(entry, offset) <= 0) low = middle + 1
      else high = middle
    }
    return low
  }

  #trim(): void {
    if (this.#tailSizeBytes <= this.#tailBytes) return
    let dropped = 0
    while (this.#tailSizeBytes > this.#tailBytes / 2 && dropped < this.#tail.length - 1) {
      this.#tailSizeBytes -= Buffer.byteLength(this.#tail[dropped]?.message ?? '')
      dropped += 1
    }
    this.#tailAfter = this.#tail[dropped - 1] ?? this.#tailAfter
    this.#tail = this.#tail.slice(dropped)
  }
}

function upToChunkEnd(entries: readonly LogEntry[]): readonly LogEntry[] {
  const end = entries.findIndex(({ endsChunk }) => endsChunk)
  return end === -1 ? entries : entries.slice(0, end + 1)
}
