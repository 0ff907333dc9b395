import type { Logger } from '@bse/core/provider'
import { loopbackGrant, type RequestContext } from '../authorize.ts'
import type { AllowedOrigins } from '../cors.ts'
import { commonHeaders, jsonAnswer, notFoundAnswer, refetchAnswer, refusalAnswer, unauthorizedAnswer, untyped, type CacheAges } from './answers.ts'
import type { Table } from './catalog.ts'
import type { ShapeDefinition } from './definition.ts'
import { outboxSource } from './outbox-source.ts'
import type { ShapeDatabase } from './database.ts'
import { defineShape, unknownTable, type ShapeNarrowing } from './define-shape.ts'
import { deleteShape } from './delete-shape.ts'
import { tableName } from './identifiers.ts'
import { DEFAULT_LIMITS, type ShapeLimits } from './limits.ts'
import { Refusal } from './refusal.ts'
import { isSecret } from './secret.ts'
import { serveShape, type ServeOptions, type ShapeTimes } from './serve-shape.ts'
import { parseRequest, type ShapeRequest } from './shape-request.ts'
import { Shapes } from './shapes.ts'
import { TableCache, type Found } from './table-cache.ts'

/** What a request asks to see, before anything of it was done. Names are as in the database; `where` is the caller's own text. */
export interface ShapeQuestion {
  readonly schema: string
  readonly table: string
  readonly where: string
  readonly kind: 'read' | 'delete'
}

/** Refused, or allowed with what is added to the request. */
export type ShapeGrant = ({ readonly allow: true } & ShapeNarrowing) | { readonly refuse: 'unauthorized' | 'forbidden' }

/** Decides about one request. What it adds is part of the shape: principals with equal grants share rows, others never do. */
export type AuthorizeShape = (request: Request, question: ShapeQuestion) => ShapeGrant | Promise<ShapeGrant>

export interface ShapeHandlerOptions {
  readonly database: ShapeDatabase
  /** Left out: only programs on this machine are served, unless there is a `secret`. */
  readonly authorize?: AuthorizeShape | undefined
  /** What every shape request must carry as `secret` in its query. */
  readonly secret?: string | undefined
  /** Whether `DELETE` gives up a shape. Default false. */
  readonly deletion?: boolean | undefined
  /** Pages of other origins that may read. Default: none. `any` is what Electric does; never without `authorize` or `secret`. */
  readonly origins?: AllowedOrigins | 'any' | undefined
  readonly limits?: Partial<ShapeLimits> | undefined
  readonly times?: Partial<ShapeTimes> | undefined
  readonly ages?: Partial<CacheAges> | undefined
  readonly logger?: Logger | undefined
}

export interface ShapeHandler {
  /** `context` carries what a `Request` cannot: without `remoteAddress`, `authorize` and `secret` everything is refused. */
  (request: Request, context?: RequestContext): Promise<Response>
  /** Ends what waits and closes the database; every shape is found again at the next start. Calling it twice is fine. */
  close(): Promise<void>
}

const TIMES: ShapeTimes = { longPollMs: 20_000, keepAliveMs: 21_000, streamMs: 60_000, outOfBoundsMs: 10_000 }
const AGES: CacheAges = { maxAgeSeconds: 60, staleAgeSeconds: 300 }
const SHAPE_METHODS = ['GET', 'POST', 'HEAD', 'DELETE', 'OPTIONS']
const OTHER_METHODS = 'GET, HEAD'

/**
 * The HTTP API of Electric's sync service over a database: `GET POST HEAD DELETE OPTIONS /v1/shape`, `GET HEAD /v1/health`. Never throws: each
 * failure is an answer. `docs/spec/shapes.md` says what differs.
 *
 * @throws an error when the database cannot be prepared, or another server follows it.
 */
export async function createShapeHandler(options: ShapeHandlerOptions): Promise<ShapeHandler> {
  const { database, logger } = options
  const limits = { ...DEFAULT_LIMITS, ...options.limits }
  const shapes = new Shapes(database, outboxSource(database, { maxRows: limits.maxWaitingChanges }), limits, logger)
  await shapes.open()
  const handler = new Handler(shapes, options)
  let closing: Promise<void> | undefined
  const close = (): Promise<void> => (closing ??= shapes.close())
  return Object.assign((request: Request, context: RequestContext = {}) => handler.answer(request, context), { close })
}

class Handler {
  readonly #shapes: Shapes
  readonly #tables: TableCache
  readonly #options: ShapeHandlerOptions
  readonly #serving: ServeOptions

  constructor(shapes: Shapes, options: ShapeHandlerOptions) {
    this.#shapes = shapes
    this.#tables = new TableCache(shapes.database, (oid) => shapes.following(oid).length > 0)
    this.#options = options
    this.#serving = { ages: { ...AGES, ...options.ages }, times: { ...TIMES, ...options.times }, isShared: options.authorize === undefined }
  }

  async answer(request: Request, context: RequestContext): Promise<Response> {
    const url = new URL(request.url)
    const path = url.pathname.length > 1 ? url.pathname.replace(/\/$/, '') : url.pathname
    const isShape = path === '/v1/shape' && SHAPE_METHODS.includes(request.method)
    const response = await (isShape ? this.#shapeAnswer(request, url.searchParams, context) : this.#otherAnswer(request, path))
    const { origins = [] } = this.#options
    commonHeaders(response, request, { methods: isShape ? SHAPE_METHODS.join(', ') : OTHER_METHODS, origins, isShared: this.#serving.isShared })
    return request.method === 'HEAD' ? new Response(null, response) : response
  }

  #otherAnswer(request: Request, path: string): Response {
    if (request.method !== 'GET' && request.method !== 'HEAD') return notFoundAnswer()
    if (path === '/v1/health') return jsonAnswer(200, '{"status":"active"}', { 'cache-control': 'no-cache, no-store, must-revalidate' })
    if (path === '/') return new Response(untyped(''), { headers: { 'cache-control': 'max-age=0, private, must-revalidate' } })
    return notFoundAnswer()
  }

  async #shapeAnswer(request: Request, query: URLSearchParams, context: RequestContext): Promise<Response> {
    try {
      if (request.method === 'OPTIONS') return new Response(null, { status: 204 })
      const { secret } = this.#options
      if (secret !== undefined && !isSecret(query, secret)) return unauthorizedAnswer('Unauthorized - Invalid API secret')
      return await (request.method === 'DELETE' ? this.#delete(request, query, context) : this.#read(request, query, context))
    } catch (error) {
      return this.#failure(request, error)
    }
  }

  async #read(request: Request, query: URLSearchParams, context: RequestContext): Promise<Response> {
    const wanted = await parseRequest(request, query)
    const { found, grant, name } = await this.#allowed(request, wanted, context, 'read')
    if (found.former?.isLost === true) return this.#farewell(request, wanted, name, await defineShape(wanted, found.former.table, grant))
    const former = found.former === undefined ? undefined : await defineShape(wanted, found.former.table, grant)
    if (found.former !== undefined && former !== undefined && this.#shapes.byDefinition(former) !== undefined) {
      return serveShape(request, wanted, former, found.former.table, this.#shapes, this.#serving)
    }
    const table = existing(found, name)
    return serveShape(request, wanted, await defineShape(wanted, table, grant), table, this.#shapes, this.#serving)
  }

  /** The table of these shapes is gone. Whoever comes with a handle hears of a successor; whoever begins finds that it cannot be made yet, once. */
  async #farewell(request: Request, wanted: ShapeRequest, name: readonly [string, string], definition: ShapeDefinition): Promise<Response> {
    for (const shape of this.#shapes.following(definition.relation)) await this.#shapes.retire(shape)
    if (typeof wanted.at === 'object') return refetchAnswer(this.#shapes.newHandle(definition), this.#serving.isShared, request.method)
    this.#tables.settle(name)
    return refetchAnswer(undefined, this.#serving.isShared, request.method)
  }

  async #delete(request: Request, query: URLSearchParams, context: RequestContext): Promise<Response> {
    if (this.#options.deletion !== true) throw new Refusal(405, { message: 'DELETE not allowed' })
    return deleteShape(this.#shapes, query, async (wanted) => {
      const { found, grant, name } = await this.#allowed(request, wanted, context, 'delete')
      return defineShape(wanted, existing(found, name), grant)
    })
  }

  async #allowed(request: Request, wanted: Pick<ShapeRequest, 'table' | 'where'>, context: RequestContext, kind: 'read' | 'delete'): Promise<{ readonly grant: ShapeNarrowing; readonly name: readonly [string, string]; readonly found: Found }> {
    const name = tableName(wanted.table)
    const grant = await this.#grant(request, { schema: name[0], table: name[1], where: wanted.where, kind }, context)
    if ('refuse' in grant) throw new Refusal(grant.refuse === 'unauthorized' ? 401 : 403, { message: grant.refuse === 'unauthorized' ? 'Unauthorized' : 'Forbidden' })
    return { grant, name, found: await this.#tables.find(name) }
  }

  async #grant(request: Request, question: ShapeQuestion, context: RequestContext): Promise<ShapeGrant> {
    const { authorize, secret } = this.#options
    if (authorize !== undefined) return authorize(request, question)
    if (secret !== undefined) return { allow: true }
    const local = loopbackGrant(request, context)
    return 'refuse' in local ? local : { allow: true }
  }

  #failure(request: Request, error: unknown): Response {
    if (error instanceof Refusal) return error.status === 401 ? unauthorizedAnswer('Unauthorized') : refusalAnswer(error, request.method)
    if (request.signal.aborted) return refusalAnswer(new Refusal(499, { message: 'The client has gone' }), request.method)
    this.#options.logger?.error('shapes: a request failed', { error: error instanceof Error ? error.message : String(error) })
    return refusalAnswer(new Refusal(503, { message: 'The database cannot be reached', code: 'database_unavailable' }), request.method)
  }
}

function existing({ table }: Found, [schema, name]: readonly [string, string]): Table {
  if (table === undefined) throw unknownTable(schema, name)
  return table
}
