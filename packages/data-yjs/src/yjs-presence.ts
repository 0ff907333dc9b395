import type { Logger, PeerPresence } from '@bse/core/provider'
import { PRESENCE_FIELD, parseBlobAwareness, type BlobAwareness } from '@bse/core/wire'

interface AwarenessChange {
  readonly added: readonly number[]
  readonly updated: readonly number[]
  readonly removed: readonly number[]
}

/** The parts of an `Awareness` (y-protocols 1.x) that are used. */
export interface AwarenessLike {
  readonly clientID: number
  getStates(): ReadonlyMap<number, unknown>
  setLocalStateField(field: string, value: unknown): void
  getLocalState(): object | null
  on(event: 'change', listener: (change: AwarenessChange) => void): void
  off(event: 'change', listener: (change: AwarenessChange) => void): void
}

export interface YjsPresenceOptions {
  /** Of the connection that peers are on. It repeats what was announced by itself, every 15 seconds. */
  readonly awareness: AwarenessLike
  readonly logger?: Logger
}

/** How many others are listened to. Those who come later are not heard until one of them leaves. */
const MAX_PEERS = 1_000
/** What others say is read no more often than this, however often they say it. */
const READ_EVERY_MS = 200

/** Who has which blobs, by the field `blobs` of Yjs awareness. */
export function yjsPresence(options: YjsPresenceOptions): PeerPresence {
  return new YjsPresence(options)
}

class YjsPresence implements PeerPresence {
  readonly name = 'yjs'
  readonly #awareness: AwarenessLike
  readonly #logger: Logger | undefined
  readonly #peers: Map<number, BlobAwareness> = new Map()
  /** Said something since it was read last. */
  readonly #unread: Set<number> = new Set()
  readonly #listeners: Set<() => void> = new Set()
  readonly #onChange: (change: AwarenessChange) => void
  #timer: ReturnType<typeof setTimeout> | undefined
  #hasAnnounced = false
  #isClosed = false

  constructor({ awareness, logger }: YjsPresenceOptions) {
    this.#awareness = awareness
    this.#logger = logger
    this.#onChange = ({ added, updated, removed }) => this.#heard([...added, ...updated, ...removed])
    awareness.on('change', this.#onChange)
    this.#heard([...awareness.getStates().keys()])
  }

  announce(state: BlobAwareness | null): void {
    if (this.#isClosed || (state === null && !this.#hasAnnounced)) return
    this.#hasAnnounced = state !== null
    this.#awareness.setLocalStateField(PRESENCE_FIELD, state)
  }

  peers(): readonly BlobAwareness[] {
    return [...this.#peers.values()]
  }

  subscribe(listener: () => void): () => void {
    const own = (): void => listener()
    this.#listeners.add(own)
    return () => void this.#listeners.delete(own)
  }

  close(): void {
    this.announce(null)
    this.#isClosed = true
    clearTimeout(this.#timer)
    this.#awareness.off('change', this.#onChange)
    this.#listeners.clear()
  }

  #heard(clients: readonly number[]): void {
    for (const client of clients) {
      if (client !== this.#awareness.clientID && (this.#unread.has(client) || this.#unread.size < MAX_PEERS)) this.#unread.add(client)
    }
    if (this.#unread.size > 0) this.#timer ??= setTimeout(() => this.#read(), READ_EVERY_MS)
  }

  #read(): void {
    this.#timer = undefined
    const states = this.#awareness.getStates()
    for (const client of this.#unread) this.#take(client, states.get(client))
    this.#unread.clear()
    for (const listener of [...this.#listeners]) listener()
  }

  #take(client: number, state: unknown): void {
    const said = fieldOf(state)
    const peer = said === undefined || said === null ? undefined : parseBlobAwareness(said)
    if (peer === undefined && said !== undefined && said !== null) this.#logger?.info('an announcement of blobs could not be read', { client })
    if (peer === undefined) this.#peers.delete(client)
    else if (this.#peers.has(client) || this.#peers.size < MAX_PEERS) this.#peers.set(client, peer)
  }
}

/** States of others are whatever they sent: nothing that an object inherits is read. */
function fieldOf(state: unknown): unknown {
  return typeof state === 'object' && state !== null ? Object.getOwnPropertyDescriptor(state, PRESENCE_FIELD)?.value : undefined
}
