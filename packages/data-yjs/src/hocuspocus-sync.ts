import type { Doc } from 'yjs'
import { HocuspocusSession } from './hocuspocus-session.ts'
import { readMessage } from './hocuspocus-wire.ts'
import { SyncStateCell, type YjsSync, type YjsSyncState } from './sync.ts'

/** The parts of a `HocuspocusProvider` (4.x) that are used. */
export interface HocuspocusProviderLike {
  readonly document: Doc
  readonly isSynced: boolean
  readonly authorizedScope: string | undefined
  readonly configuration: {
    readonly flushDelay: false | number
    readonly websocketProvider: { readonly webSocket: { readonly readyState: number } | null }
  }
  on(event: string, listener: (data: never) => void): unknown
  off(event: string, listener: (data: never) => void): unknown
  forceSync(): void
  destroy(): void
}

const SOCKET_OPEN = 1

/**
 * Follows a `HocuspocusProvider` so closely that it knows when the server has taken everything.
 *
 * `close` destroys the provider.
 */
export function hocuspocusSync(provider: HocuspocusProviderLike): YjsSync {
  return new HocuspocusSync(provider)
}

class HocuspocusSync implements YjsSync {
  readonly #provider: HocuspocusProviderLike
  readonly #cell = new SyncStateCell()
  #session: HocuspocusSession | undefined
  /** Sent while no socket was open: the provider may put them before the next handshake's end, or drop them. */
  #queuedSteps = 0
  /** With `flushDelay`, changes that the provider holds back in a timer. */
  #heldBack = false
  #closed = false

  constructor(provider: HocuspocusProviderLike) {
    this.#provider = provider
    for (const [event, listener] of this.#listeners) provider.on(event, listener)
    provider.document.on('update', this.#onUpdate)
    if (provider.isSynced) this.#adopt()
  }

  get state(): YjsSyncState {
    return this.#cell.state
  }

  subscribe(listener: () => void): () => void {
    return this.#cell.subscribe(listener)
  }

  close(): void {
    if (this.#closed) return
    this.#closed = true
    for (const [event, listener] of this.#listeners) this.#provider.off(event, listener)
    this.#provider.document.off('update', this.#onUpdate)
    this.#drop()
    this.#provider.destroy()
  }

  /** The provider was connected before we came: its handshake is over, the barrier is all that is missing. */
  #adopt(): void {
    this.#start()
    this.#cell.set({ link: linkOf(this.#provider.authorizedScope), synced: true })
    this.#session?.raiseBarrier()
  }

  #start(): void {
    this.#session = new HocuspocusSession(this.#queuedSteps, () => this.#provider.forceSync())
    this.#queuedSteps = 0
    this.#heldBack = false
    this.#cell.set({ synced: false, serverHasAll: false })
  }

  #drop(): void {
    this.#session = undefined
    const { link } = this.#cell.state
    this.#cell.set({ link: link === 'refused' ? link : 'offline', synced: false, serverHasAll: false })
  }

  #judge(): void {
    this.#cell.set({ serverHasAll: !this.#heldBack && this.#session?.serverHasAll === true })
  }

  readonly #onOutgoing = ({ message }: { readonly message: { toUint8Array(): Uint8Array } }): void => {
    const head = readMessage(message.toUint8Array())
    const open = this.#provider.configuration.websocketProvider.webSocket?.readyState === SOCKET_OPEN
    if (!open && head.is === 'step-1') this.#queuedSteps += 1
    if (head.is !== 'update') return
    this.#heldBack = false
    this.#session?.sent(head)
    this.#judge()
  }

  /** Runs before the provider has applied the message. */
  readonly #onMessage = ({ event }: { readonly event: { readonly data: ArrayBuffer } }): void => {
    const head = readMessage(new Uint8Array(event.data))
    this.#session?.received(head)
    if (head.is === 'step-2') queueMicrotask(() => this.#arrived())
    if (head.is === 'status' && !head.applied) this.#cell.set({ link: 'read-only' })
    this.#judge()
  }

  #arrived(): void {
    if (this.#session !== undefined) this.#cell.set({ synced: true })
  }

  readonly #onUpdate = (_update: Uint8Array, origin: unknown): void => {
    if (origin === this.#provider || !this.#provider.configuration.flushDelay) return
    this.#heldBack = true
    this.#judge()
  }

  readonly #listeners: readonly (readonly [string, (data: never) => void])[] = [
    ['open', () => this.#start()],
    ['close', () => this.#drop()],
    // A socket that fell silent is given up without a close.
    ['disconnect', () => this.#drop()],
    ['outgoingMessage', this.#onOutgoing],
    ['message', this.#onMessage],
    ['authenticated', ({ scope }: { readonly scope: string }) => this.#cell.set({ link: linkOf(scope) })],
    ['authenticationFailed', () => this.#cell.set({ link: 'refused', synced: false, serverHasAll: false })],
  ]
}

function linkOf(scope: string | undefined): 'online' | 'read-only' {
  return scope === 'readonly' ? 'read-only' : 'online'
}
