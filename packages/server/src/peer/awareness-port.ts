import { PRESENCE_FIELD, parseBlobAwareness, type BlobAwareness } from '@bse/core/wire'

/** The parts of an `Awareness` (y-protocols 1.x) that are used. */
export interface PortAwareness {
  readonly clientID: number
  getStates(): ReadonlyMap<number, unknown>
  getLocalState(): object | null
  setLocalState(state: Record<string, unknown> | null): void
  on(event: 'change', listener: () => void): void
  off(event: 'change', listener: () => void): void
}

const MAX_PEERS = 1_000

/** Where a server speaks and listens: a document of its own, or of another server that it has joined. */
export class AwarenessPort {
  readonly #awareness: PortAwareness
  readonly #onChange: () => void

  constructor(awareness: PortAwareness, onChange: () => void) {
    this.#awareness = awareness
    this.#onChange = () => onChange()
    awareness.on('change', this.#onChange)
  }

  announce(state: BlobAwareness): void {
    this.#awareness.setLocalState({ ...this.#awareness.getLocalState(), [PRESENCE_FIELD]: state })
  }

  /** What the servers that `isKnown` says. Others are not even read. */
  heard(isKnown: (url: string) => boolean): readonly BlobAwareness[] {
    const heard: BlobAwareness[] = []
    let looked = 0
    for (const [client, state] of this.#awareness.getStates()) {
      if (client === this.#awareness.clientID) continue
      if (++looked > MAX_PEERS) break
      const said = own(state, PRESENCE_FIELD)
      const url = own(said, 'url')
      const peer = typeof url === 'string' && url.length < 2_048 && isKnown(url) ? parseBlobAwareness(said) : undefined
      if (peer !== undefined) heard.push(peer)
    }
    return heard
  }

  close(): void {
    this.#awareness.off('change', this.#onChange)
    this.#awareness.setLocalState(null)
  }
}

/** Nothing that an object inherits is ever read. */
function own(value: unknown, key: string): unknown {
  return typeof value === 'object' && value !== null ? Object.getOwnPropertyDescriptor(value, key)?.value : undefined
}
