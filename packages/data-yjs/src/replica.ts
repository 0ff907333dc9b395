import { applyUpdate, decodeStateVector, encodeStateAsUpdate, encodeStateVector, mergeUpdates, type Doc } from 'yjs'
import { BseError, type DataContext } from '@bse/core/provider'
import type { MutationId, MutationWire } from '@bse/core/wire'
import { Draft, type Writer } from './draft.ts'
import { Lane } from './lane.ts'
import { ReplicaStore, type MutationUpdate } from './replica-store.ts'
import type { TableIndex } from './table-index.ts'

/** The origin of what we apply: it is stored already. */
const STORED = Symbol('data-yjs')

/**
 * The document and its copy on disk. A mutation is on disk before the document has it, so nothing that the network or a
 * reader has seen of this device can be forgotten by a crash, and no mutation is ever applied twice.
 */
export class Replica {
  readonly #doc: Doc
  readonly #context: DataContext
  readonly #tables: TableIndex
  readonly #store: ReplicaStore
  readonly #onStorageError: (error: unknown) => void
  readonly #lane = new Lane()
  #writer: Writer
  /** From the network, or written by the app itself, and not on disk yet. */
  #unsaved: Uint8Array[] = []
  #saveScheduled = false

  private constructor(doc: Doc, context: DataContext, tables: TableIndex, store: ReplicaStore, onStorageError: (error: unknown) => void) {
    this.#doc = doc
    this.#context = context
    this.#tables = tables
    this.#store = store
    this.#onStorageError = onStorageError
    this.#writer = newWriter(doc)
    doc.on('update', this.#onUpdate)
  }

  /** Fills the document with what is on disk, and the disk with what the document has beyond. */
  static async open(doc: Doc, context: DataContext, tables: TableIndex, onStorageError: (error: unknown) => void): Promise<Replica> {
    const { store, updates } = await ReplicaStore.load(context.storage, context.logger)
    const hadContent = decodeStateVector(encodeStateVector(doc)).size > 0
    for (const update of updates) applyUpdate(doc, update, STORED)
    const replica = new Replica(doc, context, tables, store, onStorageError)
    if (hadContent || store.isDueForCompaction) await replica.#lane.run(() => store.compact(encodeStateAsUpdate(doc)))
    return replica
  }

  /**
   * Stores, then applies. Resolves once all of it survives a crash; those that were applied before are not applied again.
   *
   * @throws BseError `LOST_LEASE`, or what storage says; nothing was applied then.
   */
  apply(mutations: readonly MutationWire[], signal: AbortSignal): Promise<void> {
    return this.#lane.run(async () => {
      await this.#context.assertLease()
      signal.throwIfAborted()
      const draft = new Draft(this.#doc, this.#tables.prefix, this.#writer)
      const updates = this.#draw(draft, mutations)
      if (updates.length === 0) return
      await this.#write(updates)
      this.#writer = { client: this.#writer.client, clock: draft.clock }
      for (const { update } of updates) this.#applyOne(update)
      if (this.#store.isDueForCompaction) await this.#compact()
    })
  }

  /** Saves what is waiting and lets go of the document. */
  async close(): Promise<void> {
    this.#doc.off('update', this.#onUpdate)
    await this.#lane.run(() => this.#save())
  }

  #draw(draft: Draft, mutations: readonly MutationWire[]): readonly MutationUpdate[] {
    const drawn = new Map<MutationId, MutationUpdate>()
    for (const { id, ops } of mutations) {
      if (this.#store.hasApplied(id) || drawn.has(id)) continue
      for (const op of ops) draft.add(op, this.#tables.shapeOf(op.table))
      drawn.set(id, { id, update: draft.take() })
    }
    return [...drawn.values()]
  }

  async #write(updates: readonly MutationUpdate[]): Promise<void> {
    try {
      await this.#store.appendMutations(updates)
    } catch (error) {
      // Should it be on disk after all, then under this name: another one keeps two contents from sharing an id.
      this.#writer = newWriter(this.#doc)
      throw error
    }
  }

  #applyOne(update: Uint8Array | undefined): void {
    if (update === undefined) return
    try {
      applyUpdate(this.#doc, update, STORED)
    } catch (error) {
      // Yjs has integrated it and then rethrows what a listener of the app threw.
      this.#context.logger.error('data-yjs: a listener of the document threw', { error: String(error) })
    }
  }

  readonly #onUpdate = (update: Uint8Array, origin: unknown): void => {
    if (origin === STORED) return
    this.#unsaved.push(update)
    if (this.#saveScheduled) return
    this.#saveScheduled = true
    void this.#lane.run(() => this.#save())
  }

  async #save(): Promise<void> {
    this.#saveScheduled = false
    const unsaved = this.#unsaved
    if (unsaved.length === 0) return
    this.#unsaved = []
    try {
      await this.#store.appendRemote(mergeUpdates(unsaved))
      if (this.#store.isDueForCompaction) await this.#compact()
    } catch (error) {
      // The document keeps them, and the next change or `close` tries again; the server has what came from it.
      this.#unsaved = [...unsaved, ...this.#unsaved]
      this.#onStorageError(error)
    }
  }

  /** A snapshot that cannot be written costs nothing: the updates stay. */
  async #compact(): Promise<void> {
    try {
      await this.#store.compact(encodeStateAsUpdate(this.#doc))
    } catch (error) {
      this.#context.logger.warn('data-yjs: the stored updates could not be compacted', { error: String(error) })
    }
  }
}

/** A client id that the document has never seen. */
function newWriter(doc: Doc): Writer {
  const known = decodeStateVector(encodeStateVector(doc))
  for (;;) {
    const [client] = crypto.getRandomValues(new Uint32Array(1))
    if (client === undefined) throw new BseError('PROVIDER_FAILED', 'data-yjs: no random numbers', { provider: 'yjs' })
    if (client !== doc.clientID && !known.has(client)) return { client, clock: 0 }
  }
}
