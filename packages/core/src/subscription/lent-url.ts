import { isBseError } from '../errors.ts'
import { isProvisional } from '../model/ids.ts'
import type { RemoteRef } from '../provider/blob-provider.ts'
import type { Logger } from '../provider/context.ts'
import type { Clock, HeldLock } from '../provider/environment.ts'
import type { BlobHash } from '../wire/blob-hash.ts'
import type { BlobAccess } from './blob-access.ts'
import { PLACEHOLDER_URL } from './placeholder.ts'
import { endSource, objectSource, signedSource, type UrlSource } from './url-source.ts'

/** A reference whose `hash` may still be the `pending:` name of a write that is not durable. */
export type LentBlob = Omit<RemoteRef, 'hash'> & { readonly hash: string }

/** One reader's share in a URL. */
export interface UrlShare {
  /** Where it is now: `takeOver` moves shares. */
  home: LentUrl
  readonly refreshes: boolean
  /** The URL changed, or an attempt to open the bytes has ended. */
  readonly onChange: () => void
}

export interface UrlServices {
  readonly access: BlobAccess
  readonly clock: Clock
  readonly logger: Logger
  /** The URLs whose bytes are being looked for: kept here so that asking for it costs nothing. */
  readonly opening: Set<LentUrl>
}

/** The URL of one blob under one MIME type, and how it comes about. Who shares it and for how long is `BlobUrls`' matter. */
export class LentUrl {
  readonly shares: Set<UrlShare> = new Set()
  readonly #blob: LentBlob
  readonly #services: UrlServices
  #source: UrlSource | undefined
  #opening: AbortController | undefined
  #openAgain = false
  #cancelRenewal: (() => void) | undefined

  constructor(blob: LentBlob, services: UrlServices) {
    this.#blob = blob
    this.#services = services
  }

  get hash(): string {
    return this.#blob.hash
  }

  get url(): string {
    return this.#source?.url ?? PLACEHOLDER_URL
  }

  get isObjectUrl(): boolean {
    return this.#source?.is === 'object'
  }

  get isOpening(): boolean {
    return this.#opening !== undefined
  }

  /** What a new reader sets off: nothing when the URL is there and good. */
  openOnce(): void {
    if (this.#source !== undefined) this.#renewIfDue()
    else if (!this.isOpening) this.open()
  }

  /** Asks for the bytes unless they are lent already. A call while asking makes sure of one more try after a miss. */
  open(): void {
    if (this.isObjectUrl) return
    if (isProvisional(this.#blob.hash)) return this.#openProvisional()
    if (this.#opening !== undefined) {
      this.#openAgain = true
      return
    }
    const abort = new AbortController()
    this.#opening = abort
    this.#services.opening.add(this)
    void this.#openUntilSettled({ ...this.#blob, hash: this.#blob.hash as BlobHash }, abort)
  }

  /** Takes the readers of `other`, and its URL when there is none of our own yet. */
  takeOver(other: LentUrl): void {
    const before = this.url
    if (!this.isObjectUrl && other.#source !== undefined) {
      this.#stopOpening()
      this.#source = other.#source
      other.#source = undefined
    }
    const moved = [...other.shares]
    const waiting = before === this.url ? [] : [...this.shares]
    other.shares.clear()
    for (const share of moved) {
      share.home = this
      this.shares.add(share)
    }
    for (const share of [...waiting, ...moved]) share.onChange()
  }

  /** Stops what is under way and gives the URL back. */
  end(): void {
    this.#stopOpening()
    this.#cancelRenewal?.()
    if (this.#source !== undefined) endSource(this.#source)
    this.#source = undefined
  }

  #openProvisional(): void {
    const file = this.#services.access.provisional(this.#blob.hash)
    if (file !== undefined) this.#source = objectSource(file, this.#blob.type, undefined)
  }

  #stopOpening(): void {
    this.#opening?.abort(new DOMException('The URL is no longer wanted', 'AbortError'))
    this.#opening = undefined
    this.#services.opening.delete(this)
  }

  async #openUntilSettled(ref: RemoteRef, abort: AbortController): Promise<void> {
    let found: UrlSource | undefined
    do {
      this.#openAgain = false
      found = await this.#tryOpen(ref, abort.signal)
    } while (found === undefined && this.#openAgain && !abort.signal.aborted)
    if (abort.signal.aborted) {
      if (found !== undefined) endSource(found)
      return
    }
    this.#opening = undefined
    this.#services.opening.delete(this)
    if (found !== undefined) this.#show(found)
    // Also after a miss: readers that gather changes wait until nothing is being opened.
    for (const share of [...this.shares]) share.onChange()
  }

  /** The pin comes first, so that the bytes cannot be evicted between being found and being lent. */
  async #tryOpen(ref: RemoteRef, signal: AbortSignal): Promise<UrlSource | undefined> {
    const { access, clock, logger } = this.#services
    let pin: HeldLock | undefined
    try {
      pin = await access.pin(ref.hash)
      const found = signal.aborted ? undefined : await access.open(ref, { renews: this.#source !== undefined, signal })
      if (signal.aborted || found === undefined) return undefined
      if (!(found instanceof Blob)) return signedSource(found, clock)
      const source = objectSource(found, ref.type, pin)
      pin = undefined
      return source
    } catch (error) {
      if (!signal.aborted) logger.warn('subscription: the bytes of a blob cannot be had now', { hash: ref.hash, reason: reasonOf(error) })
      return undefined
    } finally {
      pin?.release()
    }
  }

  #show(source: UrlSource): void {
    if (this.#source !== undefined) endSource(this.#source)
    this.#source = source
    this.#cancelRenewal?.()
    this.#cancelRenewal = undefined
    if (source.is === 'object' || source.renewAtMs === undefined) return
    const { clock } = this.#services
    this.#cancelRenewal = clock.timer(source.renewAtMs - clock.monotonicMs(), () => this.#renewIfDue())
  }

  /** A signed URL past its time is asked for anew, as soon as a reader wants it fresh. */
  #renewIfDue(): void {
    const renewAtMs = this.#source?.is === 'signed' ? this.#source.renewAtMs : undefined
    if (renewAtMs === undefined || this.#services.clock.monotonicMs() < renewAtMs || this.isOpening) return
    if ([...this.shares].some((share) => share.refreshes)) this.open()
  }
}

function reasonOf(error: unknown): string {
  return isBseError(error) ? error.code : error instanceof Error ? error.name : typeof error
}
