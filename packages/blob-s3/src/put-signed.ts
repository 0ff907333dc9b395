import { sendBody, type PutRequest, type Requester, type SentAnswer } from '@bse/core/http'
import type { BlobHash, SignedRequest } from '@bse/core/wire'
import { isExpired, s3CodeIn, s3Error } from './s3-error.ts'

/** A signature may grow old while the request waits for its turn; one that is refused this often is not merely old. */
const MAX_SIGNATURES = 3

export interface SignedPut {
  readonly hash: BlobHash
  readonly body: Blob
  readonly signal: AbortSignal
  readonly onSent: (sentBytes: number) => void
  /** A fresh, checked signature; `undefined` when nothing needs to be sent. */
  sign(): Promise<SignedRequest | undefined>
}

/** Sends a body by a signature made right before; `undefined` when there was nothing to send. @throws BseError for every answer but 2xx and those of `accept`. */
export async function putSigned(store: Requester, put: SignedPut, accept: readonly number[] = []): Promise<SentAnswer | undefined> {
  for (let signatures = 1; ; signatures += 1) {
    const signed = await put.sign()
    if (signed === undefined) return undefined
    const { headers, url } = signed
    const request: PutRequest & { hash: BlobHash } = {
      operation: 'upload', method: 'PUT', url, headers, hash: put.hash, sizeBytes: put.body.size, signal: put.signal, onSent: put.onSent,
      // Without a type no Content-Type is sent, which would not be what was signed.
      body: put.body.slice(0, put.body.size, ''),
    }
    const answer = await sendBody(store, request)
    if ((answer.status >= 200 && answer.status < 300) || accept.includes(answer.status)) return answer
    const code = s3CodeIn(answer.text)
    if (isExpired(answer.status, code) && signatures < MAX_SIGNATURES) continue
    throw s3Error(store, request, answer, code)
  }
}
