import type { ConfiguredUrl } from '@bse/core/http'
import { Requester } from '@bse/core/http'
import { BseError, type ChangeBatch, type DataConnection, type DataContext, type PushOutcome } from '@bse/core/provider'
import type { Json, MutationId, MutationOutcome, MutationWire } from '@bse/core/wire'
import { readCursor } from './cursor.ts'
import { tokenJson, tokenOf } from './proof.ts'
import { sendMutations } from './push.ts'
import { Session } from './session.ts'
import type { TablePlan } from './table-plan.ts'

export interface ConnectionParts {
  readonly shapeUrl: ConfiguredUrl
  readonly mutationsUrl: ConfiguredUrl
  readonly query: Readonly<Record<string, string>>
  readonly headers: Readonly<Record<string, string>>
  readonly idleMs: number
}

/** Asks for nothing before it is used: without a network there is nothing to wait for. */
export class ElectricConnection implements DataConnection {
  readonly #parts: ConnectionParts
  readonly #plans: readonly TablePlan[]
  readonly #context: DataContext
  readonly #shapes: Requester
  readonly #api: Requester
  readonly #closing = new AbortController()
  readonly #sessions = new Set<Session>()
  readonly #refused = new Set<string>()

  constructor(parts: ConnectionParts, plans: readonly TablePlan[], context: DataContext) {
    this.#parts = parts
    this.#plans = plans
    this.#context = context
    const options = { adapter: 'data-electric', headers: parts.headers, idleMs: parts.idleMs }
    this.#api = new Requester(context, options)
    // The rows are kept by core. A copy in the browser's cache would outlive a sign-out, and answer with what was an hour ago.
    this.#shapes = new Requester({ ...context, fetch: (input, init) => context.fetch(input, { ...init, cache: 'no-store' }) }, options)
  }

  async *changes({ awaiting, cursor, signal }: {
    readonly cursor: Json | undefined
    readonly awaiting: () => ReadonlyMap<MutationId, Json>
    readonly signal: AbortSignal
  }): AsyncIterable<ChangeBatch> {
    const both = AbortSignal.any([signal, this.#closing.signal])
    if (both.aborted) return
    const session = new Session({
      plans: this.#plans, places: readCursor(cursor, this.#plans), url: this.#parts.shapeUrl.url.href, query: this.#parts.query,
      requester: this.#shapes, context: this.#context, refused: this.#refused,
    }, both)
    this.#sessions.add(session)
    try {
      yield* session.batches(awaiting)
    } finally {
      this.#sessions.delete(session)
    }
  }

  async push(mutations: readonly MutationWire[], { signal }: { readonly signal: AbortSignal }): Promise<readonly PushOutcome[]> {
    signal.throwIfAborted()
    const both = AbortSignal.any([signal, this.#closing.signal])
    both.throwIfAborted()
    const outcomes = await sendMutations(this.#api, this.#parts.mutationsUrl.url.href, mutations, both)
    return outcomes.map((outcome, at) => this.#answered(outcome, mutations[at]))
  }

  async close(): Promise<void> {
    if (!this.#closing.signal.aborted) this.#closing.abort(new BseError('CLOSED', 'data-electric: the connection is closed', { what: 'connection' }))
  }

  #answered(outcome: MutationOutcome, mutation: MutationWire | undefined): PushOutcome {
    if (outcome.is !== 'applied' || mutation === undefined) return outcome as PushOutcome
    const token = tokenOf(mutation, outcome)
    for (const session of this.#sessions) session.pushed(outcome.id, token)
    return { id: outcome.id, is: 'applied', token: tokenJson(token), durable: 'server' }
  }
}
