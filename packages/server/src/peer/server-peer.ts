import { HocuspocusProvider } from '@hocuspocus/provider'
import { Doc } from 'yjs'
import type { Logger } from '@bse/core/provider'
import { AnnouncedSet, type BlobAwareness, type BlobHash } from '@bse/core/wire'
import type { BlobKey, BlobStorage } from '../blob-storage.ts'
import { AwarenessPort, type PortAwareness } from './awareness-port.ts'
import { OtherServer } from './other-server.ts'
import { PinnedGet } from './pinned-get.ts'

export interface PeerOptions {
  /** Where others reach this server, for example `https://photos.example`. Default: the address it listens on. */
  readonly url?: string
  /** The space whose blobs are announced and fetched. Default `default`. Whoever may read a document of this server hears their hashes. */
  readonly space?: string
  /** Servers that blobs are fetched from when they announce them. Nobody else is ever asked for anything. */
  readonly servers?: readonly string[]
  /** Documents elsewhere where this server announces itself, and hears others. */
  readonly join?: readonly { readonly url: string; readonly document: string; readonly token?: string }[]
}

export interface ServerPeerDeps {
  readonly store: BlobStorage
  readonly options: PeerOptions
  readonly logger: Logger | undefined
}

const TOGETHER_MS = 200
const AGAIN_MS = 15_000
const PAGE = 1_000

/** A server among peers: says what it has, and fetches what other servers of its list say to have. Nothing is ever deleted. */
export class ServerPeer {
  readonly #deps: ServerPeerDeps
  readonly #space: string
  readonly #own: AnnouncedSet = new AnnouncedSet()
  readonly #others: readonly OtherServer[]
  readonly #ports: Map<PortAwareness, AwarenessPort> = new Map()
  readonly #joined: HocuspocusProvider[] = []
  readonly #closing: AbortController = new AbortController()
  #timer: ReturnType<typeof setTimeout> | undefined
  #running: Promise<void> = Promise.resolve()
  #isLoaded = false
  #url = ''

  constructor(deps: ServerPeerDeps) {
    this.#deps = deps
    this.#space = deps.options.space ?? 'default'
    const http = new PinnedGet()
    this.#others = (deps.options.servers ?? []).map((url) => new OtherServer(url, http, deps.logger))
  }

  /** `url` is where it listens. */
  start(url: string): void {
    this.#url = this.#deps.options.url ?? url
    for (const { url: room, document, token = '' } of this.#deps.options.join ?? []) {
      const provider = new HocuspocusProvider({ url: room, name: document, document: new Doc(), token })
      this.#joined.push(provider)
      if (provider.awareness !== null) this.attach(provider.awareness)
    }
    this.#running = this.#load().catch((error: unknown) => this.#deps.logger?.error('blobs cannot be announced', { error: String(error) }))
  }

  /** Speaks and listens here too, until `detach`. */
  attach(awareness: PortAwareness): void {
    if (this.#closing.signal.aborted) return
    this.#ports.set(awareness, new AwarenessPort(awareness, () => this.#soon(TOGETHER_MS)))
    this.#soon(TOGETHER_MS)
  }

  detach(awareness: PortAwareness): void {
    this.#ports.get(awareness)?.close()
    this.#ports.delete(awareness)
  }

  stored({ space, hash }: BlobKey): void {
    if (space === this.#space && this.#own.set(hash, true)) this.#soon(TOGETHER_MS)
  }

  async close(): Promise<void> {
    this.#closing.abort()
    clearTimeout(this.#timer)
    for (const port of this.#ports.values()) port.close()
    this.#ports.clear()
    for (const provider of this.#joined) provider.destroy()
    await this.#running
  }

  async #load(): Promise<void> {
    let after: BlobHash | undefined
    for (let more = true; more && !this.#closing.signal.aborted; ) {
      const page = await this.#deps.store.list(this.#space, { limit: PAGE, after })
      for (const { hash } of page.blobs) this.#own.set(hash, true)
      after = page.blobs.at(-1)?.hash
      more = page.more && after !== undefined
    }
    this.#isLoaded = true
    this.#soon(TOGETHER_MS)
  }

  #soon(waitMs: number): void {
    if (this.#closing.signal.aborted || !this.#isLoaded) return
    this.#timer ??= setTimeout(() => {
      this.#timer = undefined
      this.#running = this.#running.then(() => this.#round())
    }, waitMs)
  }

  /** Never rejects. */
  async #round(): Promise<void> {
    const { signal } = this.#closing
    if (signal.aborted) return
    const before = this.#own.digest.toHex()
    const state: BlobAwareness = { type: 'server', url: this.#url, ...this.#own.announcement() }
    const heard: BlobAwareness[] = []
    for (const port of this.#ports.values()) {
      port.announce(state)
      heard.push(...port.heard((url) => this.#others.some((other) => other.isAt(url))))
    }
    const done = await Promise.all(this.#others.map((other) => this.#fetchFrom(other, heard, signal)))
    if (before !== this.#own.digest.toHex()) this.#soon(TOGETHER_MS)
    else if (done.includes(false)) this.#soon(AGAIN_MS)
  }

  /** Answers whether nothing is left to fetch from there. */
  async #fetchFrom(other: OtherServer, heard: readonly BlobAwareness[], signal: AbortSignal): Promise<boolean> {
    let isDone = true
    for (const said of heard) {
      if (said.type !== 'server' || !other.isAt(said.url)) continue
      try {
        const { hashes, isWhole } = await other.missing(said, this.#own, signal)
        isDone &&= isWhole
        for (const hash of hashes) isDone = (await this.#fetch(other, hash, signal)) && isDone
      } catch (error) {
        if (signal.aborted) return true
        isDone = false
        this.#deps.logger?.info('another server cannot be compared with', { error: String(error) })
      }
    }
    return isDone
  }

  /** What comes is verified before it is stored; only then it is announced. */
  async #fetch(other: OtherServer, hash: BlobHash, signal: AbortSignal): Promise<boolean> {
    signal.throwIfAborted()
    if (this.#own.has(hash)) return true
    try {
      await this.#deps.store.put({ space: this.#space, hash }, await other.open(hash, signal))
      this.stored({ space: this.#space, hash })
      return true
    } catch (error) {
      if (!signal.aborted) this.#deps.logger?.info('a blob of another server cannot be had', { hash, error: String(error) })
      return false
    }
  }
}
