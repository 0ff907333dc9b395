import { Server, type Locker } from '@tus/server'
import type { Logger } from '@bse/core/provider'
import { guardHeaders } from './answers.ts'
import type { Authorize, RequestContext } from './authorize.ts'
import { report } from './blob-call.ts'
import type { BlobStorage } from './blob-storage.ts'
import { isAllowedOrigin, preflight, type AllowedOrigins } from './cors.ts'
import { rejected } from './http-status.ts'
import { admit, isUploadId, type AdmissionRules, type Admitted } from './tus-admission.ts'
import { EXPOSED_HEADERS, ownError, STORED_HEADER, tusErrorAnswer } from './tus-answer.ts'
import { finishUpload } from './tus-finish.ts'
import { ownerMetadata, shownMetadata } from './tus-owner.ts'
import type { TusUploads } from './tus-uploads.ts'
import { LocalLocker } from './upload-locker.ts'

export interface TusHandlerOptions {
  /** Where finished uploads go, under their hashes. */
  readonly store: BlobStorage
  /** Where unfinished ones lie, for example `directoryUploads(directory)`. */
  readonly uploads: TusUploads
  /** Asked for each request with the hash that the upload announced. Left out: only programs on this machine are served. */
  readonly authorize?: Authorize | undefined
  /** Of one blob. Default 2 GiB. */
  readonly maxBytes?: number | undefined
  /** Where uploads are created. Default `/files`. */
  readonly basePath?: string | undefined
  readonly origins?: AllowedOrigins | undefined
  /** Several servers over the same `uploads` need one that they share: `postgresLocker`. Default: one for this process. */
  readonly locker?: Locker | undefined
  readonly logger?: Logger | undefined
}

export interface TusHandler {
  /** Never throws: each failure is an answer with `{ error }` in its body. */
  handle(request: Request, context?: RequestContext): Promise<Response>
  /** Removes unfinished uploads past their time, and answers how many. To be called now and then. */
  removeExpired(): Promise<number>
}

const DEFAULT_MAX_BYTES = 2_147_483_648
/** What a request whose client has come back over another connection gets to write down what has arrived. */
const DRAIN_MS = 1_000
const PRIVATE_NETWORK = 'access-control-allow-private-network'

/**
 * Resumable uploads by tus 1.0. An upload names its blob when it begins (`hash` in `Upload-Metadata`); when its last byte has come it
 * is hashed, moved to that name and only then acknowledged. Other bytes: 460, and nothing is kept.
 */
export function createTusHandler(options: TusHandlerOptions): TusHandler {
  const handler = new Handler(options)
  return { handle: (request, context = {}) => handler.handle(request, context), removeExpired: () => options.uploads.deleteExpired() }
}

/** One request, and what went wrong with it inside of tus's own server. */
interface Call extends Admitted {
  failure: unknown
}

class Handler {
  readonly #options: TusHandlerOptions
  readonly #rules: AdmissionRules
  readonly #locker: Locker
  readonly #server: Server
  readonly #calls = new WeakMap<object, Call>()

  constructor(options: TusHandlerOptions) {
    const { authorize, basePath = '/files', locker = new LocalLocker(), maxBytes = DEFAULT_MAX_BYTES, origins = [], uploads } = options
    this.#options = options
    this.#rules = { authorize, basePath, maxBytes, origins, uploads }
    this.#locker = locker
    this.#server = this.#createServer()
  }

  async handle(request: Request, context: RequestContext): Promise<Response> {
    const { origins } = this.#rules
    const response = await this.#answer(request, context).catch((error: unknown) => this.#failed(request, error))
    guardHeaders(response.headers, typeof origins === 'function' || origins.length > 0)
    this.#corsHeaders(request, response.headers)
    response.headers.set('tus-resumable', '1.0.0')
    return request.method === 'HEAD' && response.body !== null ? new Response(null, response) : response
  }

  #createServer(): Server {
    const { basePath, maxBytes, uploads } = this.#rules
    return new Server({
      path: basePath, datastore: uploads, locker: this.#locker, maxSize: maxBytes, relativeLocation: true, lockDrainTimeout: DRAIN_MS,
      getFileIdFromRequest: (_request, last) => (isUploadId(last) ? last : undefined),
      onUploadCreate: async (request) => ({ metadata: ownerMetadata(this.#callOf(request).owner) }),
      onUploadFinish: async (request, upload) => {
        const headers = await this.#finish(this.#callOf(request), upload.id)
        // Tus would look for the upload once more to say when it expires, and it is gone.
        upload.creation_date = undefined
        return { headers }
      },
      onResponseError: (request, error) => {
        this.#callOf(request).failure = error
        return undefined
      },
    })
  }

  #callOf(request: object): Call {
    const call = this.#calls.get(request)
    if (call === undefined) throw new Error('tus: an answer without a question')
    return call
  }

  async #answer(request: Request, context: RequestContext): Promise<Response> {
    if (request.method === 'OPTIONS') {
      const answer = await this.#server.handleWeb(request)
      const allowed = request.headers.has('origin') ? preflight(request, this.#rules.origins) : undefined
      if (allowed?.headers.has(PRIVATE_NETWORK) === true) answer.headers.set(PRIVATE_NETWORK, 'true')
      return answer
    }
    const call: Call = { ...(await admit(this.#rules, request, context)), failure: undefined }
    this.#calls.set(request, call)
    const response = await this.#server.handleWeb(request)
    if (call.failure !== undefined) throw ownError(call.failure)
    if (response.status >= 400) throw rejected(response.status, 'not a request of tus')
    return request.method === 'HEAD' ? this.#finishLate(call, response) : response
  }

  /** A server that died, or a disk that was full, between the last byte and the end: whoever asks next brings it to its end. */
  async #finishLate(call: Call, response: Response): Promise<Response> {
    response.headers.set('upload-metadata', shownMetadata(call.owner))
    if (call.id === undefined || response.headers.get('upload-offset') !== response.headers.get('upload-length')) return response
    for (const [name, value] of Object.entries(await this.#finish(call, call.id))) response.headers.set(name, value)
    return response
  }

  async #finish({ owner }: Call, id: string): Promise<Record<string, string>> {
    await finishUpload({ store: this.#options.store, uploads: this.#rules.uploads, locker: this.#locker }, id, owner)
    return { [STORED_HEADER]: owner.hash }
  }

  /** Tus's own server would name an origin of its choice. */
  #corsHeaders(request: Request, headers: Headers): void {
    headers.append('vary', 'Origin')
    headers.delete('access-control-allow-origin')
    headers.delete('access-control-expose-headers')
    const origin = request.headers.get('origin')
    if (origin === null || !isAllowedOrigin(origin, this.#rules.origins)) return
    headers.set('access-control-allow-origin', origin)
    headers.set('access-control-expose-headers', EXPOSED_HEADERS.join(', '))
  }

  #failed(request: Request, error: unknown): Response {
    const own = ownError(error)
    // Who has hung up is no failure of ours.
    if (!request.signal.aborted) report({ request, logger: this.#options.logger }, own)
    return tusErrorAnswer(own)
  }
}
