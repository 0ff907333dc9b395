import type { Clock, HeldLock } from '../provider/environment.ts'
import type { RemoteUrl } from '../provider/blob-provider.ts'

/** Where a lent URL points: bytes of this page, or an address of the remote that may expire. */
export type UrlSource =
  | { readonly is: 'object'; readonly url: string; readonly pin: HeldLock | undefined }
  | { readonly is: 'signed'; readonly url: string; readonly renewAtMs: number | undefined }

/** Fraction of a signed URL's life after which it is renewed. */
const RENEW_AT = 0.8
/** However short a life is, signing in a loop would not help. */
const RENEW_MIN_MS = 500
/** A URL that has expired on arrival comes from a store that mistakes its own clock for ours. */
const RENEW_EXPIRED_MS = 30_000
const RENEW_MAX_MS = 86_400_000

/** `pin` is released together with the URL. */
export function objectSource(bytes: Blob, type: string, pin: HeldLock | undefined): UrlSource {
  const typed = bytes.slice(0, bytes.size, inertType(type === '' ? bytes.type : type))
  return { is: 'object', url: URL.createObjectURL(typed), pin }
}

export function signedSource(signed: RemoteUrl, clock: Clock): UrlSource {
  if (signed.expiresAtMs === undefined) return { is: 'signed', url: signed.url, renewAtMs: undefined }
  const lifeMs = (signed.expiresAtMs - clock.nowMs()) * RENEW_AT
  const waitMs = lifeMs <= 0 ? RENEW_EXPIRED_MS : Math.min(Math.max(lifeMs, RENEW_MIN_MS), RENEW_MAX_MS)
  return { is: 'signed', url: signed.url, renewAtMs: clock.monotonicMs() + waitMs }
}

/** Gives back what a source holds. */
export function endSource(source: UrlSource): void {
  if (source.is === 'signed') return
  URL.revokeObjectURL(source.url)
  source.pin?.release()
}

/**
 * An object URL belongs to the app's origin: a page opened from it runs with the app's rights, and the type is whatever
 * another user wrote. Markup is therefore lent as plain bytes. SVG stays, since `<img>` needs it and runs no script in it.
 */
function inertType(type: string): string {
  const essence = (type.split(';', 1)[0] ?? '').trim().toLowerCase()
  if (essence === 'image/svg+xml') return type
  return essence === 'text/html' || essence.endsWith('/xml') || essence.endsWith('+xml') ? 'application/octet-stream' : type
}
