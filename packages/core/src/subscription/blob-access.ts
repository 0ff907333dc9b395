import type { HeldLock } from '../provider/environment.ts'
import type { RemoteRef, RemoteUrl } from '../provider/blob-provider.ts'
import type { BlobHash } from '../wire/blob-hash.ts'

/** How live queries come to bytes. The engine implements it over the cache manager and the remote. */
export interface BlobAccess {
  /**
   * Verified bytes, from this device or fetched from the remote. `undefined` when neither has them now; the engine says
   * `blobChanged` when that may be otherwise.
   *
   * @throws BseError of the cache or the remote; the signal's reason when aborted.
   */
  open(ref: RemoteRef, options: { readonly signal: AbortSignal }): Promise<Blob | undefined>
  /** The File of a write that is not durable yet, by its `pending:` name. Answers at once. */
  provisional(hash: string): Blob | undefined
  /** Keeps the bytes from eviction until released. Fine for bytes that are not here. */
  pin(hash: BlobHash): Promise<HeldLock>
  /** A signed URL, for bytes that this device cannot hold. Asked only after `open` answered `undefined`. */
  remoteUrl?(ref: RemoteRef, options: { readonly signal: AbortSignal }): Promise<RemoteUrl | undefined>
}
