import { hasCode } from '../errors.ts'
import type { RemoteRef } from '../provider/blob-provider.ts'
import type { BlobHash } from '../wire/blob-hash.ts'
import type { CacheKeeper } from './keeper.ts'

export type PrefetchOutcome = 'fetched' | 'present' | 'skipped' | 'failed'

export interface PrefetcherDeps {
  readonly keeper: Pick<CacheKeeper, 'reserve' | 'reserved'>
  readonly isHere: (hash: BlobHash) => Promise<boolean>
  /** Fetches without letting others go. */
  readonly open: (ref: RemoteRef, signal: AbortSignal) => Promise<unknown>
}

/** How many blobs are fetched at once for somebody who may look at them. */
export const PREFETCH_AT_ONCE = 4

/**
 * Brings a blob here before anybody looks at it, where there is room without evicting others.
 *
 * @throws the signal's reason, or what reading this device's own records failed with. What the remote says is `failed`: whoever looks at the blob
 * asks again and is told why.
 */
export async function prefetchBlob(deps: PrefetcherDeps, ref: RemoteRef, signal: AbortSignal): Promise<PrefetchOutcome> {
  const { keeper, isHere, open } = deps
  if (await isHere(ref.hash)) return 'present'
  if (!(await keeper.reserve(ref.hash, ref.sizeBytes ?? 0))) return 'skipped'
  let outcome: 'came' | 'failed' = 'failed'
  try {
    signal.throwIfAborted()
    await open(ref, signal)
    outcome = 'came'
    return 'fetched'
  } catch (error) {
    signal.throwIfAborted()
    return hasCode(error, 'STORAGE_FULL') ? 'skipped' : 'failed'
  } finally {
    keeper.reserved(ref.hash, outcome)
  }
}
