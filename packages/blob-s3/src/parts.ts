import type { Requester } from '@bse/core/http'
import type { UploadTask } from '@bse/core/provider'
import type { PresignClient } from './presign-client.ts'
import type { StoreUrl } from './signed-request.ts'

/** What everything here works with, once the provider is connected. */
export interface S3Parts {
  readonly presign: PresignClient
  /** Talks to the bucket, and never with the engine's credentials. */
  readonly store: Requester
  readonly place: StoreUrl
}

const MAX_TYPE_LENGTH = 255

/** How a blob is named to the presign endpoint. A type is a hint: one that is too long to be any is left out. */
export function named({ hash, sizeBytes, type }: Pick<UploadTask, 'hash' | 'sizeBytes' | 'type'>): Pick<UploadTask, 'hash' | 'sizeBytes' | 'type'> {
  return { hash, sizeBytes, type: type.length <= MAX_TYPE_LENGTH ? type : '' }
}
