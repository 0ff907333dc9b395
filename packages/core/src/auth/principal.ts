import { hashBlob } from '../hash/index.ts'
import { delay } from '../environment/delay.ts'
import type { Clock } from '../provider/environment.ts'
import { hexOf } from '../wire/blob-hash.ts'

const KEY_CHARS = 32
/** How long a device that knows who was here last waits for the app to say who is here now. */
const GRACE_MS = 2_000
const AGAIN_MS: readonly number[] = [1_000, 2_000, 4_000, 8_000, 15_000, 30_000]

/** Names a principal in storage, without their id standing there for anybody to read. */
export async function principalKey(userId: string): Promise<string> {
  return hexOf(await hashBlob(new Blob([userId]))).slice(0, KEY_CHARS)
}

export interface IdentifyOptions {
  /** Asks the app; may be called again after a rejection. */
  readonly ask: () => Promise<string>
  /** Who was here last on this device. */
  readonly remembered: string | undefined
  readonly clock: Clock
  readonly signal: AbortSignal
}

/**
 * Whose storage to open. The app's answer counts; where it does not come soon, or cannot be had (no network), it is whoever was
 * here last. A device that knows nobody waits and asks again, for there is nothing to open yet.
 *
 * @throws the signal's reason.
 */
export async function identify({ ask, remembered, clock, signal }: IdentifyOptions): Promise<string> {
  for (let failures = 0; ; failures += 1) {
    signal.throwIfAborted()
    const pause = new AbortController()
    const both = AbortSignal.any([signal, pause.signal])
    const late = remembered === undefined ? never(both) : delay(clock, GRACE_MS, both).then(() => remembered)
    try {
      return await Promise.race([ask(), late])
    } catch {
      // The app was told why, by the event of the very same failure.
      signal.throwIfAborted()
      if (remembered !== undefined) return remembered
    } finally {
      late.catch(() => undefined)
      pause.abort()
    }
    await delay(clock, AGAIN_MS[Math.min(failures, AGAIN_MS.length - 1)] ?? 0, signal)
  }
}

function never(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason), { once: true }))
}
