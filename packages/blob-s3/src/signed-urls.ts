import type { Clock, RemoteRef, RemoteUrl } from '@bse/core/provider'
import { isJsonObject } from '@bse/core/wire'
import type { S3Parts } from './parts.ts'
import { answerMissing } from './presign-client.ts'

interface SignedUrl {
  readonly url: string
  /** By the clock that nobody sets. */
  readonly signedAtMs: number
  readonly lifeMs: number
}

/** A URL is lent out for this part of its life, so that whoever takes it has time to use it. */
const FRESH_PART = 0.8
const REMEMBERED = 1_000

/**
 * URLs to read from, signed anew before they grow old. Their age is measured here from the moment of asking and their life is what the server
 * said, so that a device whose clock is wrong by days reads all the same.
 */
export class SignedUrls {
  readonly #parts: S3Parts
  readonly #clock: Clock
  readonly #known = new Map<string, SignedUrl>()

  constructor(parts: S3Parts, clock: Clock) {
    this.#parts = parts
    this.#clock = clock
  }

  async get(ref: RemoteRef, expiresInMs: number, signal: AbortSignal): Promise<RemoteUrl> {
    const known = this.#known.get(keyOf(ref))
    const { lifeMs, signedAtMs, url } = known !== undefined && this.#isFresh(known) ? known : await this.#sign(ref, expiresInMs, signal)
    return { url, expiresAtMs: this.#clock.nowMs() + lifeMs - (this.#clock.monotonicMs() - signedAtMs) }
  }

  /** The store did not take it. */
  forget(ref: RemoteRef): void {
    this.#known.delete(keyOf(ref))
  }

  #isFresh({ lifeMs, signedAtMs }: SignedUrl): boolean {
    return this.#clock.monotonicMs() - signedAtMs < lifeMs * FRESH_PART
  }

  async #sign(ref: RemoteRef, expiresInMs: number, signal: AbortSignal): Promise<SignedUrl> {
    const signedAtMs = this.#clock.monotonicMs()
    const asked = { do: 'get', hash: ref.hash, type: ref.type.length <= 255 ? ref.type : '', expiresInMs: Math.max(0, Math.floor(expiresInMs)) } as const
    const answer: unknown = await this.#parts.presign.ask<'get'>(asked, { operation: 'open', signal })
    if (!isJsonObject(answer)) throw answerMissing('open')
    const { expiresInMs: lifeMs, url } = this.#parts.place.check(answer.request, { method: 'GET', hash: ref.hash })
    const signed: SignedUrl = { url, signedAtMs, lifeMs }
    this.#known.set(keyOf(ref), signed)
    const oldest = this.#known.size > REMEMBERED ? this.#known.keys().next().value : undefined
    if (oldest !== undefined) this.#known.delete(oldest)
    return signed
  }
}

/** The type decides under which type the store sends it. */
function keyOf({ hash, type }: RemoteRef): string {
  return `${hash} ${type}`
}
