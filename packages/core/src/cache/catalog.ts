import TinyQueue from 'tinyqueue'
import type { BlobHash } from '../wire/blob-hash.ts'

/** How dear bytes are to the person: `high` ones go only when nothing else is left and the device itself is full. */
export type Priority = 'high' | 'normal' | 'low'

/** The order in which the cache lets go of bytes of one priority: least recently used first, or first in first. */
export type EvictionOrder = 'lru' | 'fifo'

/** Bytes on this device. Orders are sequences, not times: clocks jump. */
export interface Held {
  readonly sizeBytes: number
  /** When it came. */
  readonly added: number
  /** When it was last read. */
  readonly used: number
  /** A remote has them and nothing here claims them. */
  readonly isSpare: boolean
}

interface Place {
  readonly hash: BlobHash
  readonly order: number
}

/** What a search for spare bytes may take. */
export interface Wanted {
  /** Least dear first. */
  readonly priorities: readonly Priority[]
  /** How dear a blob is now. */
  readonly priorityOf: (hash: BlobHash) => Priority
}

/**
 * All bytes of this device in memory, with their sum, and those that may go in the order in which they go. Noting a use is O(1), taking the next
 * one to go is O(log n): a queue holds each blob once at a place that may be out of date, and corrects it when the blob's turn comes.
 */
export class Catalog {
  readonly #order: EvictionOrder
  readonly #held: Map<BlobHash, Held> = new Map()
  readonly #queues: Readonly<Record<Priority, TinyQueue<Place>>> = { low: newQueue(), normal: newQueue(), high: newQueue() }
  /** In which queue a blob stands, so that it stands in one only. */
  readonly #queued: Map<BlobHash, Priority> = new Map()
  #usedBytes = 0
  #sequence = 0

  constructor(order: EvictionOrder) {
    this.#order = order
  }

  get usedBytes(): number {
    return this.#usedBytes
  }

  get items(): number {
    return this.#held.size
  }

  get(hash: BlobHash): Held | undefined {
    return this.#held.get(hash)
  }

  hashes(): Iterable<BlobHash> {
    return this.#held.keys()
  }

  /** The next place in the order of uses. */
  next(): number {
    this.#sequence += 1
    return this.#sequence
  }

  /** Bytes are here, or what is known of them changed. What is not said stays; what is new came and was used just now. */
  put(hash: BlobHash, facts: { readonly sizeBytes: number; readonly isSpare: boolean; readonly added?: number; readonly used?: number }, priority: Priority): void {
    const before = this.#held.get(hash)
    const added = facts.added ?? before?.added ?? this.next()
    const used = facts.used ?? before?.used ?? added
    this.#sequence = Math.max(this.#sequence, added, used)
    this.#usedBytes += facts.sizeBytes - (before?.sizeBytes ?? 0)
    this.#held.set(hash, { sizeBytes: facts.sizeBytes, isSpare: facts.isSpare, added, used })
    if (facts.isSpare && !this.#queued.has(hash)) this.#stand(hash, priority)
  }

  /** The bytes are not here any more. */
  remove(hash: BlobHash): void {
    this.#usedBytes -= this.#held.get(hash)?.sizeBytes ?? 0
    this.#held.delete(hash)
  }

  /** Somebody read them: `at` when another tab did. */
  use(hash: BlobHash, at: number = this.next()): void {
    const held = this.#held.get(hash)
    this.#sequence = Math.max(this.#sequence, at)
    if (held !== undefined && held.used < at) this.#held.set(hash, { ...held, used: at })
  }

  /** The spare bytes that are to go next, taken out of their queue; `standAgain` puts them back. */
  take({ priorities, priorityOf }: Wanted): BlobHash | undefined {
    for (const priority of priorities) {
      const queue = this.#queues[priority]
      for (let place = queue.pop(); place !== undefined; place = queue.pop()) {
        const { hash } = place
        // Its priority was changed since: it stands in another queue.
        if (this.#queued.get(hash) !== priority) continue
        this.#queued.delete(hash)
        const held = this.#held.get(hash)
        if (held?.isSpare !== true) continue
        const now = priorityOf(hash)
        if (now === priority && place.order === this.#placeOf(held)) return hash
        this.#stand(hash, now)
      }
    }
    return undefined
  }

  /** Bytes that could not go after all, because somebody reads them. */
  standAgain(hash: BlobHash, priority: Priority): void {
    if (this.#held.get(hash)?.isSpare === true && !this.#queued.has(hash)) this.#stand(hash, priority)
  }

  /** The person changed how dear the bytes are: they may have to go earlier than their queue would say. */
  reprioritize(hash: BlobHash, priority: Priority): void {
    if (this.#queued.get(hash) === priority || this.#held.get(hash)?.isSpare !== true) return
    this.#stand(hash, priority)
  }

  #stand(hash: BlobHash, priority: Priority): void {
    const held = this.#held.get(hash)
    if (held === undefined) return
    this.#queues[priority].push({ hash, order: this.#placeOf(held) })
    this.#queued.set(hash, priority)
  }

  #placeOf(held: Held): number {
    return this.#order === 'lru' ? held.used : held.added
  }
}

function newQueue(): TinyQueue<Place> {
  return new TinyQueue<Place>([], (a, b) => a.order - b.order)
}
