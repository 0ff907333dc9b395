import { failedAnswer, notOurs, type ConfiguredUrl, type HttpRequest, type Requester } from '@bse/core/http'
import { UPLOAD_GONE, isJsonObject, type BlobHash, type BseError, type PresignAnswers, type PresignRequest } from '@bse/core/wire'

type Do = PresignRequest['do']
type Asked<Kind extends Do> = Extract<PresignRequest, { readonly do: Kind }>

export interface AskOptions {
  readonly signal: AbortSignal
  /** Appears in errors; an `upload` never says `NOT_FOUND`. */
  readonly operation: 'open' | 'stat' | 'upload' | 'abandon'
  readonly extraIdleMs?: number
}

/** Asks the app's own server for what only it can sign. */
export class PresignClient {
  readonly #requester: Requester
  readonly #endpoint: ConfiguredUrl

  constructor(requester: Requester, endpoint: ConfiguredUrl) {
    this.#requester = requester
    this.#endpoint = endpoint
  }

  /** @throws UploadGone; BseError as for any request. */
  async ask<Kind extends Do>(asked: Asked<Kind>, { extraIdleMs = 0, operation, signal }: AskOptions): Promise<PresignAnswers[Kind]> {
    const hash: BlobHash | undefined = 'hash' in asked ? asked.hash : undefined
    const request: HttpRequest = {
      operation, method: 'POST', url: this.#endpoint.url.href, headers: { 'content-type': 'application/json' }, body: JSON.stringify(asked),
      extraIdleMs, signal, ...(hash === undefined ? {} : { hash }), ...('sizeBytes' in asked ? { sizeBytes: asked.sizeBytes } : {}),
    }
    const response = await this.#requester.send(request)
    if (!response.ok) throw await this.#failure(request, response)
    const answer = await this.#requester.jsonOf(request, response)
    if (!isJsonObject(answer)) throw notOurs(this.#requester.nameOf(request), response.status)
    return answer as unknown as PresignAnswers[Kind]
  }

  async #failure(request: HttpRequest, response: Response): Promise<unknown> {
    const answer = await failedAnswer(response, this.#requester.patience(request.signal))
    const error = isJsonObject(answer.body) && isJsonObject(answer.body.error) ? answer.body.error : undefined
    const isGone = isJsonObject(error?.details) && error.details.reason === UPLOAD_GONE
    return isGone ? new UploadGone() : this.#requester.errorFrom(request, answer)
  }
}

/** The store does not know the upload any more: it expired, was freed, or was completed long ago. */
export class UploadGone extends Error {
  override readonly name = 'UploadGone'
}

/** An answer without what was asked for: not our server speaking. */
export function answerMissing(operation: AskOptions['operation']): BseError {
  return notOurs(`blob-s3.${operation}`, 200)
}
