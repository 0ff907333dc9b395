import type { Logger } from '@bse/core/provider'
import { BseError, MUTATION_LIMITS, parseMutationRequest, type MutationAnswer, type MutationOutcome, type MutationWire, type ReceivedMutation } from '@bse/core/wire'
import { errorAnswer, guardHeaders, jsonAnswer } from '../answers.ts'
import { loopbackGrant, type Grant, type RequestContext } from '../authorize.ts'
import { report } from '../blob-call.ts'
import { corsHeaders, preflight, refuseForeignWrite, type AllowedOrigins } from '../cors.ts'
import { rejected as refusedRequest } from '../http-status.ts'
import { countedBody, readBody, refuseEncodedBody } from '../request-body.ts'
import type { Queryable } from '../shapes/database.ts'
import { CHANNEL } from '../shapes/outbox-sql.ts'
import type { ApplyDeps, RowAction } from './apply-mutation.ts'
import type { BlobExistence } from './blob-check.ts'
import { Expiry } from './expiry.ts'
import { KnownTables } from './known-tables.ts'
import { migrate } from './migrate.ts'
import { namesOf, type NamingOptions } from './mutation-schema.ts'
import { rejected } from './refused.ts'
import { applyUntilSettled, type Settled } from './retry.ts'
import type { SqlDatabase } from './sql-database.ts'

/** What a request wants: to send mutations at all, asked once, and then each row. */
export type MutationAction = { readonly kind: 'push' } | RowAction

/**
 * Decides about one action of one request. `space` is where the blobs are that the row names. `on` is the transaction that the row is written in:
 * what else has to be asked of the database for a decision is asked there, since another connection may wait for it.
 */
export type AuthorizeMutation = (request: Request, action: MutationAction, on: Queryable) => Grant | Promise<Grant>

export interface MutationHandlerOptions extends NamingOptions {
  /** `poolDatabase(pool)`, or the database of the shapes. */
  readonly database: SqlDatabase
  /** Where the bytes are. Left out: rows may name blobs that are not there. */
  readonly blobs?: BlobExistence | undefined
  /** Left out: only programs on this machine are served, with blobs in the space `default`. */
  readonly authorize?: AuthorizeMutation | undefined
  /** How long ids are remembered, from the time that they carry. Older ones are not applied. Default 90 days. */
  readonly retentionMs?: number | undefined
  /** Pages of other origins that may write. Default: none. */
  readonly origins?: AllowedOrigins | undefined
  readonly logger?: Logger | undefined
}

export type MutationHandler = (request: Request, context?: RequestContext) => Promise<Response>

const RETENTION_MS = 7_776_000_000

/**
 * One route for writes: `POST` of mutations, wherever it is mounted. Each is applied once and whole, or not at all. Prepares the database: a schema
 * `bse_mutations`, and triggers that note which blobs rows name. Never throws once it is made. `docs/spec/wire.md` is the contract.
 *
 * @throws the database's error when it cannot be prepared.
 */
export async function createMutationHandler(options: MutationHandlerOptions): Promise<MutationHandler> {
  await migrate(options.database)
  const tables = new KnownTables(options.database, namesOf(options))
  await tables.trackAll()
  const handler = new Handler(options, tables)
  const { origins = [] } = options
  return async (request, context = {}) => {
    const response = await handler.answer(request, context)
    guardHeaders(response.headers, typeof origins === 'function' || origins.length > 0)
    corsHeaders(response.headers, request, origins)
    return response
  }
}

class Handler {
  readonly #options: MutationHandlerOptions
  readonly #tables: KnownTables
  readonly #expiry: Expiry
  readonly #retentionMs: number

  constructor(options: MutationHandlerOptions, tables: KnownTables) {
    this.#options = options
    this.#tables = tables
    this.#retentionMs = options.retentionMs ?? RETENTION_MS
    this.#expiry = new Expiry(options.database, this.#retentionMs)
  }

  async answer(request: Request, context: RequestContext): Promise<Response> {
    const { logger, origins = [] } = this.#options
    try {
      if (request.method === 'OPTIONS') return preflight(request, origins)
      if (request.method !== 'POST') throw refusedRequest(405, 'wants POST')
      refuseForeignWrite(request, origins)
      if (!/^application\/json\b/i.test(request.headers.get('content-type') ?? '')) throw refusedRequest(415, 'wants application/json')
      refuseEncodedBody(request)
      const grant = await this.#grant(request, context, { kind: 'push' }, this.#options.database)
      if ('refuse' in grant) throw refusal(grant.refuse)
      const received = await receivedIn(request)
      await this.#expiry.whenDue()
      return jsonAnswer(200, { results: await this.#applyAll(request, context, received) } satisfies MutationAnswer)
    } catch (error) {
      report({ request, logger }, error)
      return errorAnswer(error)
    }
  }

  /** One after the other. The place in the log is read when all have committed: it proves each of them. */
  async #applyAll(request: Request, context: RequestContext, received: readonly ReceivedMutation[]): Promise<readonly MutationOutcome[]> {
    const settled = []
    for (const { id, mutation } of received) {
      settled.push({ id, ...(mutation === undefined ? rejected('VALIDATION_FAILED').outcome : await this.#apply(request, context, mutation)) })
    }
    const lsn = settled.some(({ is }) => is === 'applied') ? await this.#writtenLsn() : ''
    return settled.map((outcome) => (outcome.is === 'applied' ? { ...outcome, lsn } : outcome))
  }

  async #apply(request: Request, context: RequestContext, mutation: MutationWire): Promise<Settled> {
    const { blobs, database } = this.#options
    const tables = await this.#tables.of(mutation.ops.map(({ table }) => table))
    const allow: ApplyDeps['allow'] = async (action, on) => {
      const grant = await this.#grant(request, context, action, on)
      if ('space' in grant) return grant.space
      throw grant.refuse === 'forbidden' ? rejected('FORBIDDEN') : refusal(grant.refuse)
    }
    return applyUntilSettled(database, mutation, { tables, blobs, retentionMs: this.#retentionMs, allow })
  }

  /** Then goes one step on and wakes the shapes, so that they come past it although nobody else writes. */
  async #writtenLsn(): Promise<string> {
    const rows = await this.#options.database.query(
      `select (pg_current_wal_insert_lsn() - '0/0'::pg_lsn)::text as lsn, pg_logical_emit_message(false, 'bse', '')::text, pg_notify('${CHANNEL}', '')::text`,
    )
    return rows[0]?.['lsn'] ?? '0'
  }

  async #grant(request: Request, context: RequestContext, action: MutationAction, on: Queryable): Promise<Grant> {
    const { authorize } = this.#options
    return authorize === undefined ? loopbackGrant(request, context) : authorize(request, action, on)
  }
}

function refusal(why: 'unauthorized' | 'forbidden'): BseError {
  if (why === 'unauthorized') return new BseError('UNAUTHORIZED', 'mutations: credentials are missing or expired', {})
  return new BseError('FORBIDDEN', 'mutations: not allowed', {})
}

/** @throws BseError `VALIDATION_FAILED` for anything else than a request of the contract, `TOO_LARGE`, `NETWORK`. */
async function receivedIn(request: Request): Promise<readonly ReceivedMutation[]> {
  const body = await readBody(countedBody(request, MUTATION_LIMITS.maxBodyBytes))
  const received = parseMutationRequest(parsedJson(body))
  if (received !== undefined) return received
  const issues = [{ column: 'body', rule: 'type', message: `wants up to ${MUTATION_LIMITS.maxCount} mutations, each with a UUIDv7` }] as const
  throw new BseError('VALIDATION_FAILED', 'mutations: not a request of this contract', { issues })
}

function parsedJson(body: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(body))
  } catch {
    return undefined
  }
}
