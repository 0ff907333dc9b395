import type { HeldLock } from '../provider/environment.ts'
import type { RemoteRef, RemoteUrl } from '../provider/blob-provider.ts'
import type { BlobHash } from '../wire/blob-hash.ts'

/** How live queries come to bytes. The engine implements it over the cache manager and the remote. */
export interface BlobAccess {
  /**
   * Verified bytes, from this device or fetched from the remote; where this device has no room for them, a URL of the remote, which shows
   * what is there. `undefined` when nobody has them now; the engine says `blobChanged` when that may be otherwise. `renews`: there was a URL
   * before, so nobody tries again to fetch.
   *
   * @throws BseError of the cache or the remote; the signal's reason when aborted.
   */
  open(ref: RemoteRef, options: { readonly renews: boolean; readonly signal: AbortSignal }): Promise<Blob | RemoteUrl | undefined>
  /** The File of a write that is not durable yet, by its `pending:` name. Answers at once. */
  provisional(hash: string): Blob | undefined
  /** Keeps the bytes from eviction until released. Fine for bytes that are not here. */
  pin(hash: BlobHash): Promise<HeldLock>
}
