import { hexOf, type BlobHash } from './blob-hash.ts'
import { PRESENCE_LIMITS, type BlobAwareness } from './presence.ts'

const WORDS = 8

/**
 * A digest of a set of hashes that does not depend on their order and follows each change in one step: their exclusive or. It tells whether two honest
 * sets are the same, and guards nothing: who lies about a set harms what is said of that set.
 */
export class SetDigest {
  readonly #words: Uint32Array = new Uint32Array(WORDS)

  static of(hashes: Iterable<BlobHash>): SetDigest {
    const digest = new SetDigest()
    for (const hash of hashes) digest.toggle(hash)
    return digest
  }

  /** Adds the hash, or takes it out. */
  toggle(hash: BlobHash): void {
    const hex = hexOf(hash)
    for (let word = 0; word < WORDS; word++) this.#words[word] = (this.#words[word] ?? 0) ^ Number.parseInt(hex.slice(word * 8, word * 8 + 8), 16)
  }

  /** The digest with these toggled. */
  toHex(toggled: Iterable<BlobHash> = []): string {
    const copy = new SetDigest()
    copy.#words.set(this.#words)
    for (const hash of toggled) copy.toggle(hash)
    return Array.from(copy.#words, (word) => word.toString(16).padStart(8, '0')).join('')
  }
}

/** The blobs that somebody has, ready to be announced. */
export class AnnouncedSet {
  readonly #hashes: Set<BlobHash> = new Set()
  readonly #digest: SetDigest = new SetDigest()

  get size(): number {
    return this.#hashes.size
  }

  /** In the order in which they came. */
  get hashes(): ReadonlySet<BlobHash> {
    return this.#hashes
  }

  get digest(): SetDigest {
    return this.#digest
  }

  has(hash: BlobHash): boolean {
    return this.#hashes.has(hash)
  }

  /** Answers whether that changed anything. */
  set(hash: BlobHash, isHere: boolean): boolean {
    if (this.#hashes.has(hash) === isHere) return false
    if (isHere) this.#hashes.add(hash)
    else this.#hashes.delete(hash)
    this.#digest.toggle(hash)
    return true
  }

  /** Of one size, however large a large set is. */
  announcement(): Pick<BlobAwareness, 'blobHashes' | 'count' | 'root'> {
    if (this.#hashes.size <= PRESENCE_LIMITS.literalCount) return { blobHashes: [...this.#hashes] }
    return { blobHashes: this.#recent(), count: this.#hashes.size, root: this.#digest.toHex() }
  }

  #recent(): readonly BlobHash[] {
    const recent: BlobHash[] = []
    let toPass = this.#hashes.size - PRESENCE_LIMITS.recentCount
    for (const hash of this.#hashes) if (toPass-- <= 0) recent.push(hash)
    return recent
  }
}
