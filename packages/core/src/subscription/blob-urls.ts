import type { BlobHash } from '../wire/blob-hash.ts'
import { LentUrl, type LentBlob, type UrlServices, type UrlShare } from './lent-url.ts'
import { PLACEHOLDER_URL } from './placeholder.ts'

/** How long a URL outlives its last reader: a slow render of the old snapshot may still load it. */
export const REVOKE_GRACE_MS = 1_000

/** A reader's hold on a URL. The URL may change, and is valid until `release`. */
export interface UrlLoan {
  readonly url: string
  /** Bytes are being looked for. */
  readonly isOpening: boolean
  /** Looks for missing bytes again. */
  retry(): void
  release(): void
}

export interface LendOptions {
  /** The URL changed, or an attempt to get the bytes has ended. Never called from within `lend`. */
  readonly onChange: () => void
  /** Renews a signed URL before it expires. */
  readonly refreshes: boolean
}

interface Ledger {
  /** The references that lead to this URL: one, or two after `adopt`. */
  readonly names: LentBlob[]
  cancelEnd: (() => void) | undefined
}

/**
 * The URLs that one engine has lent: at most one object URL for each blob and MIME type, counted by readers, revoked a
 * grace after the last one left and never before.
 */
export class BlobUrls {
  readonly #services: UrlServices
  /** By hash, then by type. */
  readonly #named: Map<string, Map<string, LentUrl>> = new Map()
  readonly #kept: Map<LentUrl, Ledger> = new Map()

  constructor(services: Omit<UrlServices, 'opening'>) {
    this.#services = { ...services, opening: new Set() }
  }

  /** Object URLs that exist now, those in their grace included. */
  get objectUrlCount(): number {
    return [...this.#kept.keys()].filter((entry) => entry.isObjectUrl).length
  }

  /** Whether bytes of any blob are being looked for. */
  get isOpening(): boolean {
    return this.#services.opening.size > 0
  }

  /** Opens the blob when nobody has yet. The URL of a provisional one is there on return. */
  lend(blob: LentBlob, options: LendOptions): UrlLoan {
    const share: UrlShare = { ...options, home: this.#named.get(blob.hash)?.get(blob.type) ?? this.#keep(blob) }
    share.home.shares.add(share)
    this.#cancelEnd(share.home)
    share.home.openOnce()
    return {
      get url(): string {
        return share.home.url
      },
      get isOpening(): boolean {
        return share.home.isOpening
      },
      retry: () => {
        if (!share.home.isOpening) share.home.open()
      },
      release: () => {
        share.home.shares.delete(share)
        this.#endWhenUnread(share.home)
      },
    }
  }

  /** The URL that others have borrowed now, or whose grace has not ended; else the placeholder. */
  peek({ hash, type }: LentBlob): string {
    return this.#named.get(hash)?.get(type)?.url ?? PLACEHOLDER_URL
  }

  /**
   * The blob of a provisional name got its hash: readers keep the very URL they have. When the same content is lent under
   * that hash already, they move to that URL instead, and theirs is revoked after the grace.
   */
  adopt(provisional: string, hash: BlobHash): void {
    for (const from of [...(this.#named.get(provisional)?.values() ?? [])]) {
      const blob = this.#kept.get(from)?.names.find((name) => name.hash === provisional)
      if (blob === undefined) continue
      const to = this.#named.get(hash)?.get(blob.type) ?? this.#keep({ ...blob, hash })
      if (to === from) continue
      this.#name({ ...blob }, to)
      to.takeOver(from)
      to.openOnce()
      this.#endWhenUnread(from)
      this.#cancelEnd(to)
      this.#endWhenUnread(to)
    }
  }

  /** Something became known about the bytes of `hash`: looks again where they were missing. */
  blobChanged(hash: BlobHash): void {
    for (const entry of this.#named.get(hash)?.values() ?? []) entry.open()
  }

  /** Whether anybody reads a URL of it, or did until a moment ago. */
  isLent(hash: BlobHash): boolean {
    return this.#named.has(hash)
  }

  /** Looks again for everything that is missing. */
  retryMissing(): void {
    for (const entry of this.#kept.keys()) if (!entry.isOpening) entry.open()
  }

  /** Revokes everything, lent or not. */
  close(): void {
    for (const entry of [...this.#kept.keys()]) this.#end(entry)
  }

  #keep(blob: LentBlob): LentUrl {
    const entry = new LentUrl(blob, this.#services)
    this.#kept.set(entry, { names: [], cancelEnd: undefined })
    this.#name(blob, entry)
    return entry
  }

  #name(blob: LentBlob, entry: LentUrl): void {
    const byType = this.#named.get(blob.hash) ?? new Map<string, LentUrl>()
    this.#named.set(blob.hash, byType.set(blob.type, entry))
    this.#kept.get(entry)?.names.push(blob)
  }

  #cancelEnd(entry: LentUrl): void {
    const ledger = this.#kept.get(entry)
    ledger?.cancelEnd?.()
    if (ledger !== undefined) ledger.cancelEnd = undefined
  }

  #endWhenUnread(entry: LentUrl): void {
    const ledger = this.#kept.get(entry)
    if (ledger === undefined || entry.shares.size > 0 || ledger.cancelEnd !== undefined) return
    ledger.cancelEnd = this.#services.clock.timer(REVOKE_GRACE_MS, () => this.#end(entry))
  }

  #end(entry: LentUrl): void {
    const ledger = this.#kept.get(entry)
    ledger?.cancelEnd?.()
    this.#kept.delete(entry)
    entry.end()
    for (const { hash, type } of ledger?.names ?? []) {
      const byType = this.#named.get(hash)
      if (byType?.get(type) === entry) byType.delete(type)
      if (byType?.size === 0) this.#named.delete(hash)
    }
  }
}
