import type { BlobAwareness } from '../wire/presence.ts'

/**
 * Who has which blobs, as far as they say. The seam that `@bse/data-yjs` implements over awareness. What others say is checked for its form and capped
 * in size and rate here; nothing of it is believed: core asks only servers of its own configuration, and verifies what they send.
 */
export interface PeerPresence {
  /** Appears in logs, for example `yjs`. */
  readonly name: string
  /** What this device has, in place of what was said before; `null` takes it back. Called by the leading tab alone. Repeating it to late comers is the adapter's. */
  announce(state: BlobAwareness | null): void
  /** What the others said last. */
  peers(): readonly BlobAwareness[]
  /** `listener` runs after changes of `peers`, those of one moment together. Answers a function that ends it. */
  subscribe(listener: () => void): () => void
  /** Takes back what was announced. Calling it twice is fine. */
  close(): void
}
