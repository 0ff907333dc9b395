import type { Logger } from '@bse/core/provider'
import { isBseError } from '@bse/core/wire'
import { spaceOf, type BlobAction, type Grant } from './authorize.ts'
import type { BlobStorage } from './blob-storage.ts'
import { httpStatusOf } from './http-status.ts'
import type { MediaTypes } from './media-type.ts'

/** What each route is given: the request and what the handler was made with. */
export interface BlobCall {
  readonly request: Request
  readonly url: URL
  readonly store: BlobStorage
  readonly maxBytes: number
  readonly cacheControl: string
  readonly mediaTypes: MediaTypes
  readonly logger: Logger | undefined
  grant(action: BlobAction): Promise<Grant>
}

/** @throws BseError `UNAUTHORIZED`, `FORBIDDEN`; `NOT_FOUND` for a read. */
export async function spaceFor(call: BlobCall, action: BlobAction): Promise<string> {
  return spaceOf(await call.grant(action), action)
}

/** Runs `work` over all items, at most `width` at a time; results in order. */
export async function mapLimited<In, Out>(items: readonly In[], width: number, work: (item: In) => Promise<Out>): Promise<readonly Out[]> {
  const results: Out[] = []
  let next = 0
  const lane = async (): Promise<void> => {
    for (let index = next++; index < items.length; index = next++) results[index] = await work(items[index] as In)
  }
  await Promise.all(Array.from({ length: Math.min(width, items.length) }, lane))
  return results
}

/** Refusals are everyday; what the server itself got wrong is for its owner to see, with the original. */
export function report(call: Pick<BlobCall, 'request' | 'logger'>, error: unknown): void {
  if (isBseError(error) && httpStatusOf(error) < 500) return
  const original = isBseError(error) && error.cause !== undefined ? error.cause : error
  const cause = original instanceof Error ? `${original.name}: ${original.message}` : String(original)
  call.logger?.error('blob request failed', { method: call.request.method, code: isBseError(error) ? error.code : undefined, cause })
}
