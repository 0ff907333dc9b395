import { BseError } from '@bse/core/wire'
import { errorCodeIn } from './s3-xml.ts'

/** What an S3 said no with. Its words stay in the server: they name buckets and keys. */
export class S3Error extends Error {
  override readonly name = 'S3Error'
  readonly status: number
  readonly code: string

  constructor(status: number, code: string) {
    super(`the bucket answered ${status} ${code}`)
    this.status = status
    this.code = code
  }

  static async of(response: Response): Promise<S3Error> {
    return new S3Error(response.status, errorCodeIn(await response.text()) ?? '')
  }
}

const FULL: ReadonlySet<string> = new Set(['QuotaExceeded', 'InsufficientCapacity', 'StorageFull'])

/** What the server's own request to its bucket means for the one who asked the server. */
export function storageError(operation: string, cause: unknown): unknown {
  if (cause instanceof BseError) return cause
  if (cause instanceof S3Error && (cause.status === 507 || FULL.has(cause.code))) {
    return new BseError('STORAGE_FULL', `server.${operation}: the bucket is full`, { neededBytes: undefined, availableBytes: undefined }, { cause })
  }
  return new BseError('STORAGE_FAILED', `server.${operation}: the bucket failed`, { store: 'bucket' }, { cause })
}
