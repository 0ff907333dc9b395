import type { Doc } from 'yjs'
import { BseError, type ChangeBatch, type DataConnection, type DataContext, type PushOutcome } from '@bse/core/provider'
import type { Json, MutationId, MutationWire } from '@bse/core/wire'
import { Replica } from './replica.ts'
import { RowFeed } from './row-feed.ts'
import type { YjsSync } from './sync.ts'
import { TableIndex } from './table-index.ts'

export interface ConnectionParts {
  readonly doc: Doc
  readonly prefix: string
  /** Called once the document is filled from disk. */
  readonly openSync: () => YjsSync | undefined
  /** Whether `close` also ends the sync. */
  readonly ownsSync: boolean
}

/** Fills the document from disk, then opens its way to the server. */
export async function openConnection(parts: ConnectionParts, context: DataContext): Promise<DataConnection> {
  const tables = new TableIndex(parts.doc, parts.prefix, context.tables, context.logger)
  const feeds = new Set<RowFeed>()
  const replica = await Replica.open(parts.doc, context, tables, (error) => {
    context.logger.warn('data-yjs: changes could not be stored', { error: String(error) })
    for (const feed of feeds) feed.fail(error)
  })
  try {
    return new YjsConnection(parts, context, tables, replica, feeds, parts.openSync())
  } catch (error) {
    await replica.close()
    throw error
  }
}

class YjsConnection implements DataConnection {
  readonly #tables: TableIndex
  readonly #replica: Replica
  readonly #feeds: Set<RowFeed>
  readonly #sync: YjsSync | undefined
  readonly #ownsSync: boolean
  readonly #closing = new AbortController()
  readonly #unsubscribe: () => void
  #closed: Promise<void> | undefined

  constructor(parts: ConnectionParts, context: DataContext, tables: TableIndex, replica: Replica, feeds: Set<RowFeed>, sync: YjsSync | undefined) {
    this.#tables = tables
    this.#replica = replica
    this.#feeds = feeds
    this.#sync = sync
    this.#ownsSync = parts.ownsSync
    this.#unsubscribe = sync === undefined ? () => undefined : watchLink(sync, context, (error) => this.#failFeeds(error))
  }

  async *changes(options: {
    readonly cursor: Json | undefined
    readonly awaiting: () => ReadonlyMap<MutationId, Json>
    readonly signal: AbortSignal
  }): AsyncIterable<ChangeBatch> {
    const signal = AbortSignal.any([options.signal, this.#closing.signal])
    if (signal.aborted) return
    const feed = new RowFeed(this.#tables, this.#sync)
    this.#feeds.add(feed)
    try {
      for (const batch of feed.snapshot()) {
        yield batch
        if (signal.aborted) return
      }
      yield* feed.live(options.awaiting, signal)
    } finally {
      this.#feeds.delete(feed)
      feed.close()
    }
  }

  async push(mutations: readonly MutationWire[], { signal }: { readonly signal: AbortSignal }): Promise<readonly PushOutcome[]> {
    signal.throwIfAborted()
    if (this.#closing.signal.aborted) throw new BseError('CLOSED', 'data-yjs.push: the connection is closed', { what: 'connection' })
    const refusals = new Map(mutations.map((mutation) => [mutation, this.#refusalOf(mutation)]))
    const taken = mutations.filter((mutation) => refusals.get(mutation) === undefined)
    await this.#replica.apply(taken, signal)
    for (const feed of this.#feeds) feed.pushed(taken.map(({ id }) => id))
    return mutations.map((mutation): PushOutcome => {
      const code = refusals.get(mutation)
      return code === undefined
        ? { id: mutation.id, is: 'applied', token: null, durable: 'replica' }
        : { id: mutation.id, is: 'rejected', code }
    })
  }

  close(): Promise<void> {
    this.#closed ??= this.#close()
    return this.#closed
  }

  async #close(): Promise<void> {
    this.#closing.abort()
    this.#unsubscribe()
    await this.#replica.close()
    if (this.#ownsSync) await this.#sync?.close()
  }

  /** A server that takes nothing from us: what is refused before it enters the document can still be taken back. */
  #refusalOf(mutation: MutationWire): string | undefined {
    if (this.#sync?.state.link === 'read-only') return 'FORBIDDEN'
    return this.#tables.problemOf(mutation) === undefined ? undefined : 'VALIDATION_FAILED'
  }

  #failFeeds(error: BseError): void {
    for (const feed of this.#feeds) feed.fail(error)
  }
}

/**
 * Tells core whether the server is there. Each time it begins to refuse us, once, as an error: core shows it, opens the changes
 * again, and the document stays of use.
 */
function watchLink(sync: YjsSync, context: DataContext, onRefusal: (error: BseError) => void): () => void {
  let before = sync.state.link
  if (before !== 'offline') context.reachable(true)
  return sync.subscribe(() => {
    const { link } = sync.state
    if (link === before) return
    before = link
    context.reachable(link !== 'offline')
    if (link === 'refused') onRefusal(new BseError('UNAUTHORIZED', 'data-yjs: the server refuses the credentials', {}))
    if (link === 'read-only') onRefusal(new BseError('FORBIDDEN', 'data-yjs: the server takes no changes from this client', {}))
  })
}
