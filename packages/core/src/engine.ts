import { Admission } from './admission.ts'
import { identify } from './auth/principal.ts'
import { Tokens } from './auth/tokens.ts'
import { FullReplica } from './cache/full-replica.ts'
import { CacheKeeper } from './cache/keeper.ts'
import { CacheManager } from './cache/manager.ts'
import { Priorities } from './cache/priorities.ts'
import { auditFiles } from './cache/audit.ts'
import { createCacheApi, type CacheApi, type EngineCache } from './cache-api.ts'
import { createBlobs, type Blobs } from './blobs.ts'
import { blobLocks } from './cache/locks.ts'
import { withRoom } from './cache/with-room.ts'
import { BlobReading } from './blob-reading.ts'
import { blobRemotes, type BlobRemotes } from './blob-remotes.ts'
import { runBatch, type BatchTables } from './batch.ts'
import { ConflictDesk, type ConflictDeskDeps } from './conflict-desk.ts'
import { createCollection, type Collection, type CollectionDeps } from './collection.ts'
import { Reachability } from './connectivity.ts'
import { Announcements } from './announcements.ts'
import { debugReport, type DebugReport } from './debug-report.ts'
import { BACKOFF, cachesOf, UPLOAD_CONCURRENCY, type AnyEngineOptions, type SyncEngineOptions } from './engine-options.ts'
import { platformEnvironment } from './environment/browser.ts'
import { delay } from './environment/delay.ts'
import { BseError, hasCode, isBseError } from './errors.ts'
import { Emitter, type PendingItem, type SyncEvents, type SyncListener, type SyncStatus } from './events.ts'
import { Flushes } from './flush.ts'
import { ItemEvents, operationOf } from './item-events.ts'
import { LeaderSession, type LeaderSessionDeps } from './leader-session.ts'
import { LOCAL_ROWS } from './local-rows.ts'
import { inertEngine, isServer } from './inert.ts'
import { remoteOf } from './ledger/entry.ts'
import { readEntry, type References } from './ledger/ledger.ts'
import { uuidV7, type IdSource } from './model/ids.ts'
import { isPaused } from './model/paused.ts'
import { waitingOf, type OrderFacts } from './mutation/order.ts'
import { Overlay } from './mutation/overlay.ts'
import { Writer } from './mutation/writer.ts'
import { Notices } from './notices.ts'
import { offlineQueue, type OfflineQueue } from './offline-queue.ts'
import { Peers } from './peers/peers.ts'
import { SourceOrder } from './peers/source-order.ts'
import { pendingItems } from './pending.ts'
import { invalidOption, settingsOf, type Settings } from './option-table.ts'
import { Projector } from './projector.ts'
import type { BlobProvider } from './provider/blob-provider.ts'
import type { CacheStore } from './provider/cache-store.ts'
import type { Logger, ProviderContext } from './provider/context.ts'
import type { DataProvider } from './provider/data-provider.ts'
import type { Environment, HeldLock } from './provider/environment.ts'
import type { PeerPresence } from './provider/peer-presence.ts'
import type { StateStore } from './provider/state-store.ts'
import {
  parseSchema, tableShapes, type BlobColumnsOf, type InsertOf, type Row, type RowOf, type Schema, type SchemaDefinition, type TableNamesOf,
  type UpdateOf,
} from './schema/index.ts'
import { BORN_KEY, ledgerKey, prefixRange } from './state/keys.ts'
import type { LeaderState } from './state/leader-state.ts'
import { schemaVersionOf } from './schema-version.ts'
import { schemaState } from './state/schema-state.ts'
import { registerTab } from './state/tab-record.ts'
import { INITIAL_STATUS, StatusStore } from './status.ts'
import type { PendingPolicy } from './storage/home.ts'
import { openStorage, type Storage } from './storage/open-storage.ts'
import { createRowStore, type RowStore } from './store/index.ts'
import { createSubscriptions, type Subscriptions } from './subscription/index.ts'
import { SupersededHashes } from './mutation/superseded.ts'
import { SyncedWaiters } from './synced.ts'
import { ReplicaColumns } from './replica-columns.ts'
import { runLeadership } from './tabs/leader.ts'
import { Mirror, type MirrorChange } from './tabs/mirror.ts'
import { UnreferencedBlobs } from './unreferenced.ts'
import { UploadUrls } from './upload-urls.ts'
import { hurryUploads } from './user-actions.ts'
import type { BlobHash } from './wire/blob-hash.ts'
import { parseBlobRef, type BlobRef } from './wire/blob-ref.ts'
import type { BatchResult } from './write-result.ts'

/** The tables of a schema, typed: `sync.photos`. */
export type Collections<S extends SchemaDefinition> = {
  readonly [T in TableNamesOf<S>]: Collection<RowOf<S, T>, InsertOf<S, T>, UpdateOf<S, T>, BlobColumnsOf<S, T>>
}

export interface EngineMembers<S extends SchemaDefinition> {
  /** Every table by name, also those whose names an engine member has taken. */
  readonly tables: Collections<S>
  /** Resolves when storage is open and its rows are loaded; rejects when it cannot be opened. Calls made before are held. */
  readonly ready: Promise<void>
  readonly status: {
    getSnapshot(): SyncStatus
    /** The same on every server and in every browser: for the render that hydrates what a server has rendered. */
    getServerSnapshot(): SyncStatus
    subscribe(listener: () => void): () => void
  }
  readonly offline: OfflineQueue
  /** What is on this device, and what is to be. */
  readonly cache: CacheApi
  readonly blobs: Blobs
  /**
   * Writes several rows, of any tables, together: shown at once and as one, stored and sent as one, applied by the server together
   * or not at all. Nothing happens when the function throws or any write is refused. It must not be asynchronous.
   *
   * Resolves with what the function returned, once everything survives a crash of the page.
   *
   * @throws BseError (as a rejection) `VALIDATION_FAILED`, `NOT_FOUND`, or what storing the bytes failed with: all rows are as before.
   */
  batch<Value>(write: (tables: BatchTables<S>) => Value): BatchResult<Value>
  /** What the engine is doing, as plain JSON without secrets and without values of rows: for reports of problems. */
  debug(): Promise<DebugReport>
  /** Answers a function that takes the listener back. */
  on<Name extends keyof SyncEvents>(name: Name, listener: SyncListener<Name>): () => void
  /**
   * Takes what this device keeps of the person off it, in every tab, and ends this engine; a new one may be made when it resolves.
   * `pending` is about writes and bytes that no server has yet. `refuse`, the default: rejects while there are any, and nothing
   * changes. `keep`: they stay, and are sent when the same person signs in again; all else goes. `discard`: they go too.
   *
   * A wipe that a crash cuts short is finished by the next start, before anything is read.
   *
   * @throws BseError `PENDING_WORK`; `STORAGE_FAILED` when something could not be removed yet: the next start goes on with it.
   */
  logout(options?: { readonly pending?: PendingPolicy }): Promise<void>
  /** Stops all work and releases everything; what is queued stays queued. Calling it twice is fine. */
  close(): Promise<void>
  [Symbol.asyncDispose](): Promise<void>
}

export type SyncEngine<S extends SchemaDefinition> = Collections<S> & EngineMembers<S>

const openNames: Set<string> = new Set()
const REGISTER_AGAIN_MS = 1_000

/**
 * Opens an engine. Answers at once; storage opens behind it.
 *
 * On a server that renders pages (no IndexedDB, no window, and no `state` given) the engine is inert: subscriptions are loading, and
 * `ready` and every call that would read or write reject with `CONFIG_INVALID`.
 *
 * @throws BseError `CONFIG_INVALID` for options or a schema that cannot be, `ALREADY_OPEN` when this page has an engine of that name.
 */
export function createSyncEngine<const S extends SchemaDefinition>(options: SyncEngineOptions<S>): SyncEngine<S> {
  return openEngine(options).sync
}

/** An engine, and what the entry points over it are made of. */
export interface OpenedEngine<S extends SchemaDefinition> {
  readonly sync: SyncEngine<S>
  readonly schema: Schema
  readonly parts: EngineParts
}

export function openEngine<const S extends SchemaDefinition>(options: SyncEngineOptions<S>): OpenedEngine<S> {
  const settings = settingsOf(options)
  const schema = parseSchema(options.schema)
  if (options.state === undefined && isServer()) return opened(schema, inertEngine(schema))
  if (openNames.has(settings.name)) {
    throw new BseError('ALREADY_OPEN', 'core.createSyncEngine: this page has an engine of that name', { name: settings.name })
  }
  const engine = new Engine(options, settings, schema)
  openNames.add(settings.name)
  return opened(schema, engine)
}

function opened<S extends SchemaDefinition>(schema: Schema, parts: EngineParts): OpenedEngine<S> {
  return { sync: assemble(schema, parts), schema, parts }
}

/** What an engine, whichever it is, is assembled from. */
export interface EngineParts {
  collectionDeps(): Omit<CollectionDeps, 'table'>
  members(): Omit<EngineMembers<SchemaDefinition>, 'tables'>
  /** Tells the app of a write that nobody may have awaited. */
  writeFailed(failure: SyncEvents['writeFailed']): void
}

function assemble<S extends SchemaDefinition>(schema: Schema, engine: EngineParts): SyncEngine<S> {
  const collections: Record<string, Collection<Row, unknown, unknown, string>> = {}
  for (const [name, table] of schema.tables) collections[name] = createCollection({ ...engine.collectionDeps(), table })
  const members = { tables: collections, ...engine.members() }
  // The tables are made from the very schema that `S` was inferred from.
  return Object.freeze({ ...collections, ...members }) as unknown as SyncEngine<S>
}

const silentLogger: Logger = { debug: () => undefined, info: () => undefined, warn: () => undefined, error: () => undefined }

/** The composition root: the only place that knows every part. */
class Engine implements EngineParts {
  readonly #settings: Settings
  readonly #priorities: Priorities
  readonly #columns: ReplicaColumns
  readonly #fullReplica: FullReplica | undefined
  /** With whom blobs are exchanged, and what servers offer of them. */
  readonly #peers: Peers | undefined
  readonly #keeper: CacheKeeper
  #persisted: boolean | undefined
  readonly #schema: Schema
  readonly #environment: Environment
  readonly #logger: Logger
  readonly #tabId: string
  readonly #ids: IdSource
  readonly #storage: Storage
  readonly #state: StateStore
  readonly #cacheStore: CacheStore
  readonly #tokens: Tokens
  readonly #remotes: BlobRemotes
  /** The primary one. */
  readonly #blobs: BlobProvider
  readonly #data: DataProvider
  readonly #context: ProviderContext
  readonly #store: RowStore
  readonly #overlay: Overlay = new Overlay()
  readonly #projector: Projector
  readonly #mirror: Mirror
  readonly #cache: CacheManager
  readonly #cacheApi: EngineCache
  readonly #writer: Writer
  readonly #reading: BlobReading
  readonly #subscriptions: Subscriptions
  readonly #events: Emitter = new Emitter()
  readonly #status: StatusStore
  readonly #synced: SyncedWaiters
  readonly #reachability: Reachability
  readonly #references: References
  readonly #facts: OrderFacts
  readonly #admission: Admission
  readonly #notices: Notices
  readonly #announcements: Announcements
  readonly #itemEvents: ItemEvents
  readonly #uploadUrls: UploadUrls
  readonly #flushes: Flushes
  readonly #superseded: SupersededHashes = new SupersededHashes()
  readonly #conflicts: ConflictDesk
  readonly #unreferenced: UnreferencedBlobs
  readonly #closing: AbortController = new AbortController()
  readonly #opened: PromiseWithResolvers<void> = Promise.withResolvers()
  readonly #sources: SourceOrder = new SourceOrder((remoteId, hash) => this.#peers?.saysToHave(remoteId, hash) === true)
  #isOpen = false
  #leads = false
  #isAuditing = false
  /** Since that was last told. */
  #lostFiles = 0
  #error: BseError | undefined
  /** It is this tab that signs out. */
  #signsOut = false
  #session: LeaderSession | undefined
  /** Bytes that were put in this tab: what is known of them without a look at storage. */
  readonly #met: Map<string, BlobRef> = new Map()
  #tabLock: HeldLock | undefined
  #registration: Promise<HeldLock> | undefined
  #running: Promise<unknown> = Promise.resolve()
  #closed: Promise<void> | undefined

  constructor(options: AnyEngineOptions, settings: Settings, schema: Schema) {
    this.#settings = settings
    this.#schema = schema
    this.#environment = options.environment ?? platformEnvironment()
    this.#logger = options.logger ?? silentLogger
    const { clock, randomBytes } = this.#environment
    this.#ids = { nowMs: () => clock.nowMs(), randomBytes }
    this.#tabId = Array.from(randomBytes(8), (byte) => byte.toString(16).padStart(2, '0')).join('')
    if (options.state === undefined) assertHasState()
    this.#storage = openStorage({
      namespace: settings.name, state: options.state, caches: cachesOf(options.cache), locks: this.#environment.locks,
      onFallback: (fallback) => this.#events.emit('storageFallback', fallback),
      ...(options.auth === undefined ? {} : { identify: (remembered) => this.#identify(remembered) }),
    })
    this.#state = schemaState(this.#storage.state, schemaVersionOf(settings.schemaVersion, options.migrations))
    this.#cacheStore = this.#storage.cache
    this.#remotes = blobRemotes(options.blobs)
    this.#blobs = this.#remotes.primary
    this.#data = options.data ?? LOCAL_ROWS
    this.#tokens = new Tokens({
      ask: options.auth,
      onChanged: (error) => void this.#halt(error),
      onFailure: (error) => this.#events.emit('authRequired', { error }),
    })
    this.#context = { auth: (reason, refused) => this.#tokens.get(reason, refused), fetch: this.#environment.fetch, clock, logger: this.#logger }
    for (const remote of this.#remotes.all) remote.connect(this.#context)
    this.#store = createRowStore(schema)
    // A write that names bytes which it did not bring has no claim on them; it needs them all the same.
    // What lost a conflict is kept for a while, as if a row named it.
    const keepsAll = settings.cleanup === 'append-only' ? 1 : 0
    this.#references = { count: (hash) => this.#store.references(hash) + this.#overlay.naming(hash) + (this.#superseded.has(hash) ? 1 : 0) + keepsAll }
    this.#projector = new Projector(this.#store, this.#overlay, schema)
    this.#mirror = new Mirror({ state: this.#state, clock, logger: this.#logger, onChange: (change) => this.#onMirror(change) })
    this.#columns = new ReplicaColumns(schema, this.#store)
    this.#priorities = new Priorities(this.#state, (hash) => this.#store.rowsOf(hash), this.#columns.isPinned)
    this.#keeper = this.#createKeeper()
    this.#cache = this.#createCache()
    this.#fullReplica = this.#columns.hasWhole ? this.#createFullReplica() : undefined
    this.#peers = options.peers === undefined ? undefined : this.#createPeers(options.peers.presence)
    this.#facts = this.#createFacts()
    this.#admission = new Admission({
      settings, remoteId: this.#blobs.remoteId, online: () => this.#reachability.online, isOpen: () => this.#isOpen,
    })
    this.#writer = this.#createWriter()
    this.#reading = new BlobReading({
      ready: () => this.#ready(), cache: this.#cache, remotes: this.#remotes.all, provisional: (hash) => this.#writer.provisional.get(hash),
      typeOf: async (hash) => (await readEntry(this.#state, hash))?.type ?? '', onFailure: (error) => this.#reachability.failed(error), closing: this.#closing.signal,
    })
    this.#subscriptions = this.#createSubscriptions()
    this.#unreferenced = new UnreferencedBlobs((hash) => this.#references.count(hash) > 0 || (this.#mirror.ledger.get(hash)?.claims.length ?? 0) > 0)
    this.#announcements = this.#createAnnouncements()
    this.#uploadUrls = new UploadUrls({
      blobs: this.#blobs, logger: this.#logger, closing: this.#closing.signal, open: (ref) => this.#reading.get(ref), borrow: (hash) => this.#cache.borrow(hash),
    })
    const rowsOf: RowStore['rowsOf'] = (hash) => this.#store.rowsOf(hash)
    this.#notices = new Notices({
      events: this.#events, reachability: () => this.#reachability, announcements: this.#announcements, urls: this.#uploadUrls, clock, rowsOf,
      entry: (hash) => this.#mirror.ledger.get(hash), onStatusChanged: () => this.#status.changed(),
    })
    this.#itemEvents = new ItemEvents({
      events: this.#events, remoteId: this.#blobs.remoteId, rowsOf, onStored: (entry) => void this.#notices.uploadStored(entry),
    })
    this.#flushes = new Flushes(() => {
      const queue = this.#mirror.queue()
      const { ledger, paused } = this.#mirror
      return {
        ledger, queue, paused, waiting: waitingOf(queue, this.#facts), remoteId: this.#blobs.remoteId, online: this.#reachability.online,
        isDeciding: (record) => this.#conflicts.isDeciding(record),
        costs: this.#settings['offline.network'] === 'unmetered' && !this.#isNetworkFree(),
      }
    })
    this.#conflicts = this.#createConflictDesk(options.onConflict as ConflictDeskDeps['ask'])
    this.#status = new StatusStore(() => this.#makeStatus())
    this.#synced = new SyncedWaiters(this.#state)
    this.#reachability = new Reachability({
      hint: this.#environment.connectivity, onChange: (online) => this.#onReachable(online), onHint: () => this.#hurry(),
    })
    this.#cacheApi = this.#createCacheApi()
    this.#opened.promise.catch(() => undefined)
    this.#running = this.#run()
  }

  collectionDeps(): Omit<CollectionDeps, 'table'> {
    return {
      store: this.#store,
      subscriptions: this.#subscriptions,
      opened: () => this.#ready(),
      isOpen: () => this.#isOpen,
      newId: () => uuidV7(this.#ids),
      write: (requests) => this.#writer.write(requests),
      synced: (enqueued) => this.#synced.wait(enqueued, this.#mirror),
      resolveRef: (hash) => this.#resolveRef(hash),
    }
  }

  members(): Omit<EngineMembers<SchemaDefinition>, 'tables'> {
    return {
      ready: this.#opened.promise,
      status: {
        getSnapshot: () => this.#status.getSnapshot(), getServerSnapshot: () => INITIAL_STATUS, subscribe: (listener) => this.#status.subscribe(listener),
      },
      offline: offlineQueue({
        state: this.#state, references: this.#references, remoteId: this.#blobs.remoteId, mirror: this.#mirror, closing: this.#closing.signal,
        decide: (record, outcome) => this.#conflicts.decide(record, outcome), opened: () => this.#ready(), pending: () => this.#pending(),
        sendsByItself: this.#settings['offline.network'] !== 'manual',
        run: (signal) => this.#flushes.begin(signal), written: (signal) => this.#admission.written(signal),
        hurry: () => {
          this.#hurry()
          this.#announcements.hurry()
        },
      }),
      blobs: this.#createBlobs(),
      cache: this.#cacheApi.api,
      batch: (write) => runBatch({ ...this.collectionDeps(), schema: this.#schema }, write),
      debug: () => this.#debug(),
      on: (name, listener) => this.#events.on(name, listener),
      logout: (options) => this.#logout(options),
      close: () => this.#close(),
      [Symbol.asyncDispose]: () => this.#close(),
    }
  }

  writeFailed(failure: SyncEvents['writeFailed']): void {
    this.#events.emit('writeFailed', failure)
  }

  #createBlobs(): Blobs {
    return createBlobs({
      state: this.#state, references: this.#references, policy: { remoteIds: this.#remotes.all.map(({ remoteId }) => remoteId) },
      serversCollect: this.#settings.cleanup === 'server', ready: () => this.#ready(), ingest: (sources, signal) => this.#cache.ingest(sources, signal), reclaim: (hash) => this.#cache.reclaim(hash),
      reading: this.#reading,
      live: (ref) => this.#subscriptions.blob(ref), onPut: (ref) => this.#meet(ref), closing: this.#closing.signal,
    })
  }

  /** A type that was said once stays: the same bytes may be put again without one. */
  #meet(ref: BlobRef): void {
    const type = ref.type || (this.#met.get(ref.hash)?.type ?? '')
    this.#met.set(ref.hash, { ...ref, type })
  }

  async #run(): Promise<void> {
    const { signal } = this.#closing
    try {
      this.#announcements.open(await this.#storage.open())
    } catch (error) {
      if (!signal.aborted) this.#onStateFailure(error)
      return
    }
    void this.#persist()
    this.#markBorn()
    const following = this.#mirror.run(signal, (error) => this.#onStateFailure(error))
    try {
      this.#tabLock = await this.#register(signal)
      await this.#opened.promise
      await runLeadership({
        environment: this.#environment, locks: this.#storage.locks, state: this.#state, pulse: this.#mirror.pulse, namespace: this.#settings.name, tabId: this.#tabId, logger: this.#logger,
        session: (leader, ends) => this.#lead(leader, ends),
        onLeading: (leads) => this.#onLeading(leads),
        onFailure: (error) => this.#events.emit('syncError', { operation: { type: 'sync' }, error }),
      }, signal)
    } catch (error) {
      if (!signal.aborted) this.#onStateFailure(error)
    }
    await following
  }

  /** A namespace that is used for the first time gets its mark; without it only a loss would go unnoticed. */
  #markBorn(): void {
    const born = uuidV7(this.#ids)
    this.#state.update([BORN_KEY], (get) => ({ ops: get(BORN_KEY) === undefined ? [{ put: BORN_KEY, value: born }] : [], result: undefined }), { durability: 'relaxed' })
      .catch((error: unknown) => this.#logger.info('could not mark the storage', { error: isBseError(error) ? error.code : typeof error }))
  }

  /** A disk that is full at this moment is no reason to follow for ever. */
  async #register(signal: AbortSignal): Promise<HeldLock> {
    for (;;) {
      try {
        return await this.#registered()
      } catch (error) {
        signal.throwIfAborted()
        this.#events.emit('syncError', { operation: { type: 'sync' }, error })
        await delay(this.#environment.clock, REGISTER_AGAIN_MS, signal)
      }
    }
  }

  /** One registration for all who need it; a failed one is tried anew by the next. */
  #registered(): Promise<HeldLock> {
    this.#registration ??= registerTab(this.#storage.locks, this.#state, this.#settings.name, this.#tabId, this.#closing.signal).catch((error: unknown) => {
      this.#registration = undefined
      throw error
    })
    return this.#registration
  }

  async #lead(leader: LeaderState, signal: AbortSignal): Promise<void> {
    const session = new LeaderSession(this.#sessionDeps(leader))
    this.#session = session
    this.#fullReplica?.begin(this.#columns.all(), signal)
    void this.#auditFiles(signal)
    this.#peers?.begin(signal)
    try {
      await session.run(signal)
    } finally {
      this.#session = undefined
      this.#notices.progress.clear()
    }
  }

  /** Files may be gone though their records are here: the browser cleared one of two stores. One audit at a time. */
  async #auditFiles(signal: AbortSignal): Promise<void> {
    if (this.#isAuditing || !this.#leads) return
    this.#isAuditing = true
    try {
      const missing = await auditFiles({ state: this.#state, hashes: () => this.#keeper.hashes(), recheck: (hash) => this.#cache.recheck(hash) }, signal)
      if (missing === 0) return
      this.#events.emit('storageLost', { part: 'cache', mutations: 0, uploads: this.#lostFiles })
      this.#lostFiles = 0
      this.#fullReplica?.forget()
    } catch (error) {
      if (!signal.aborted) this.#logger.warn('could not look whether files are here', { error: String(error) })
    } finally {
      this.#isAuditing = false
    }
  }

  #sessionDeps(leader: LeaderState): LeaderSessionDeps {
    const { clock, random } = this.#environment
    const remoteId = this.#blobs.remoteId
    return {
      leader, state: this.#state, store: this.#cacheStore, cache: this.#cache, references: this.#references, locks: this.#storage.locks, clock,
      namespace: this.#settings.name, logger: this.#logger, random: () => random(), remoteId, provider: this.#blobs, mirrors: this.#remotes.mirrors,
      data: this.#data, context: this.#context, tables: tableShapes(this.#schema), facts: this.#facts,
      conflictResolution: this.#settings['offline.conflictResolution'],
      backoff: BACKOFF, maxAttempts: this.#settings['offline.retryStrategy.maxAttempts'], concurrency: UPLOAD_CONCURRENCY,
      resumes: this.#settings['offline.resumableUploads'],
      isVisible: (hash) => this.#subscriptions.isShown(hash),
      mayUpload: (hash) => (this.#settings['offline.network'] === 'manual' ? this.#mirror.sendNow.has(hash) : this.#isNetworkFree()),
      base: { get: (table, rowId) => this.#store.baseRow(table, rowId), ids: (table) => this.#store.baseIds(table) },
      entries: () => this.#mirror.ledger.values(),
      isPaused: (id) => isPaused(this.#mirror.paused, id),
      queue: () => this.#mirror.queue(),
      pulse: this.#mirror.pulse,
      unreferenced: () => this.#unreferenced.take(),
      hurryUploads: () => hurryUploads({ state: this.#state, references: this.#references, remoteId }, [...this.#mirror.ledger.keys()]),
      onProgress: (hash, progress) => this.#notices.uploadProgressed(hash, progress),
      onOutcome: (hash, end) => this.#notices.uploadEnded(hash, end),
      onMirrorOutcome: (hash, end) => this.#notices.mirrorEnded(hash, end),
      onPush: (record, end) => this.#notices.pushEnded(record, end),
      onAnswer: () => this.#reachability.answered(),
      onReachable: (isReachable) => (isReachable ? this.#reachability.answered() : this.#reachability.silent()),
      onTidyFailure: (error) => this.#notices.syncFailed({ type: 'sync' }, error),
      onDataFailure: (error) => {
        this.#notices.syncFailed({ type: 'sync' }, error)
        this.#flushes.rowsFailed()
      },
    }
  }

  #createCache(): CacheManager {
    return new CacheManager({
      store: this.#cacheStore, state: this.#state, locks: blobLocks(this.#storage.locks, this.#settings.name), references: this.#references,
      inlineMaxBytes: this.#settings['cache.inlineMaxBytes'], tabId: this.#tabId, registered: () => this.#registered(), source: this.#blobs, remoteId: this.#blobs.remoteId,
      mirrors: this.#remotes.mirrors.map((source) => ({ source, remoteId: source.remoteId })), isDurable: (entry) => this.#remotes.isDurable(entry),
      sources: this.#sources,
      makeRoom: (neededBytes) => this.#keeper.makeRoom(neededBytes, { spareDear: false }),
      makeRoomForFetch: (neededBytes) => this.#keeper.makeRoom(neededBytes, { spareDear: true }),
      pinnedBytes: () => this.#keeper.pinnedBytes(),
      onUse: (hash) => this.#keeper.used(hash),
      onFileGone: (isLost) => {
        if (isLost) this.#lostFiles += 1
        void this.#auditFiles(this.#closing.signal)
      },
    })
  }

  #createPeers(presence: PeerPresence): Peers {
    return new Peers({
      presence, remotes: this.#remotes.all, state: this.#state, references: this.#references, clock: this.#environment.clock, logger: this.#logger,
      keepsAll: this.#settings['peers.replica'] === 'all', entries: () => this.#mirror.ledger.values(),
      open: (ref, signal) => this.#cache.open(ref, signal, { makesRoom: false }), ready: () => this.#keeper.ready(),
      isHere: (hash) => this.#keeper.sizeOf(hash) !== undefined, mayFetch: () => !this.#mirror.paused.all && this.#isNetworkFree(),
    })
  }

  #createFullReplica(): FullReplica {
    return new FullReplica({
      open: (ref, signal) => this.#cache.open(ref, signal), ready: () => this.#keeper.ready(), isHere: (hash) => this.#keeper.sizeOf(hash) !== undefined,
      isWanted: (hash) => this.#columns.keepsWhole(hash), mayFetch: () => !this.#mirror.paused.all && this.#isNetworkFree(),
      clock: this.#environment.clock, logger: this.#logger,
    })
  }

  /** Whether the network is free enough for what nobody waits for. */
  #isNetworkFree(): boolean {
    return this.#settings['offline.network'] === 'always' || this.#environment.connectivity.metered !== true
  }

  /** What this tab hears from the others. */
  #createAnnouncements(): Announcements {
    return new Announcements(this.#environment, {
      onProgress: (hash, progress) => this.#notices.showProgress(hash, progress),
      onFailure: (failure) => {
        this.#events.emit('syncError', failure)
        if (failure.operation.type === 'sync') this.#flushes.rowsFailed()
      },
      onConflict: (conflict) => this.#events.emit('conflict', conflict),
      onReachable: (isReachable) => {
        if (this.#leads) return
        if (isReachable) this.#reachability.answered()
        else this.#reachability.silent()
      },
      onHurry: () => this.#hurry(),
      onHello: () => {
        if (this.#leads) this.#announcements.reachable(this.#reachability.online)
      },
    })
  }

  #createConflictDesk(ask: ConflictDeskDeps['ask']): ConflictDesk {
    return new ConflictDesk({
      ask, state: this.#state, references: this.#references, remoteId: this.#blobs.remoteId, schema: this.#schema, mirror: this.#mirror,
      locks: this.#storage.locks, namespace: this.#settings.name, closing: this.#closing.signal, nowMs: () => this.#environment.clock.nowMs(),
      urlOf: ({ hash, type }) => this.#uploadUrls.of(hash, type),
      shown: (table, rowId) => this.#store.wire(table, rowId),
      onDecided: () => this.#flushes.changed(),
      onResolved: (conflict) => this.#notices.conflictEnded(conflict),
      onFailure: (record, error) => this.#notices.syncFailed(operationOf(record) ?? { type: 'sync' }, error),
    })
  }

  #createKeeper(): CacheKeeper {
    const settings = this.#settings
    const eviction = settings['cache.eviction']
    return new CacheKeeper({
      state: this.#state, clock: this.#environment.clock, logger: this.#logger, priorities: this.#priorities,
      limits: {
        maxBytes: settings['cache.maxSize'], warningShare: settings['cache.warningThreshold'], criticalShare: settings['cache.criticalThreshold'],
        evictsByItself: eviction !== 'manual',
      },
      order: eviction === 'fifo' ? 'fifo' : 'lru',
      estimate: async () => this.#environment.storage?.estimate(),
      evict: (hash) => this.#cache.evict(hash, { waits: false }),
      isDurable: (entry) => this.#remotes.isDurable(entry),
      onWarning: (room) => this.#events.emit('cacheWarning', room),
      onEvicted: (items) => this.#events.emit('cacheEviction', { items: items.map((item) => ({ ...item, rows: this.#store.rowsOf(item.id) })) }),
    })
  }

  #createCacheApi(): EngineCache {
    return createCacheApi({
      ready: () => this.#ready(), keeper: this.#keeper, priorities: this.#priorities, store: this.#store, tables: [...this.#schema.tables.keys()],
      pendingUploads: () => this.#pending().filter(({ type }) => type === 'upload').length,
      isHere: async (hash) => (await readEntry(this.#state, hash))?.local === 'present',
      open: (ref, signal) => this.#cache.open(ref, signal, { makesRoom: false }),
      evict: (hash) => this.#cache.evict(hash),
      logger: this.#logger, prefetchesVisible: this.#settings['cache.prefetch.enabled'],
      closing: this.#closing.signal,
    })
  }

  /** Some browsers ask the person and some never answer: nothing waits for it. */
  async #persist(): Promise<void> {
    const { storage } = this.#environment
    if (storage === undefined || !this.#settings['cache.persist'] || !this.#state.durable) return
    try {
      this.#persisted = await storage.persist()
      this.#status.changed()
    } catch (error) {
      this.#logger.info('the browser does not say whether it keeps this storage', { error: String(error) })
    }
  }

  #createFacts(): OrderFacts {
    return {
      blobReady: (hash) => {
        const entry = this.#mirror.ledger.get(hash)
        if (this.#mirror.aside.has(ledgerKey(hash))) return false
        return entry === undefined || entry.claims.length === 0 || remoteOf(entry, this.#blobs.remoteId).state === 'stored'
      },
      isPaused: (id) => isPaused(this.#mirror.paused, id),
      refColumns: (table) => (this.#schema.tables.get(table)?.refColumns ?? []).map((column) => ({ column: column.name, table: column.table })),
    }
  }

  #createWriter(): Writer {
    return new Writer({
      state: this.#state, references: this.#references, policy: { remoteIds: this.#remotes.all.map(({ remoteId }) => remoteId) }, ids: this.#ids, overlay: this.#overlay,
      admit: (requests) => this.#admission.admit(requests), queuedSoFar: () => this.#mirror.queuedSoFar, refColumns: (table) => this.#facts.refColumns(table),
      ingest: (sources, signal) => this.#cache.ingest(sources, signal),
      inRoom: (neededBytes, work) => withRoom({
        makeRoom: (bytes) => this.#keeper.makeRoom(bytes, { spareDear: false }), pinnedBytes: () => this.#keeper.pinnedBytes(),
      }, neededBytes, work),
      reclaim: (hash) => this.#cache.reclaim(hash),
      onRowsChanged: (rows) => this.#projector.rowsChanged(rows),
      onHashed: (provisional, hash) => this.#subscriptions.adopt(provisional, hash),
      opened: () => this.#ready(),
    })
  }

  #createSubscriptions(): Subscriptions {
    return createSubscriptions({
      store: this.#store,
      clock: this.#environment.clock,
      logger: this.#logger,
      access: {
        open: (ref, options) => this.#reading.forDisplay(ref, options),
        provisional: (hash) => this.#writer.provisional.get(hash),
        pin: (hash) => this.#cache.borrow(hash),
      },
    })
  }

  #resolveRef(hash: string): BlobRef | undefined {
    for (const { table, id, column } of this.#store.rowsOf(hash)) {
      const ref = parseBlobRef(this.#store.wire(table, id)?.[column])
      if (ref !== undefined) return ref
    }
    const met = this.#met.get(hash)
    if (met !== undefined) return met
    const entry = this.#mirror.ledger.get(hash as BlobHash)
    return entry && { hash: entry.hash, sizeBytes: entry.sizeBytes, type: entry.type }
  }

  #onMirror(change: MirrorChange): void {
    this.#admission.take(change, this.#mirror)
    if (change.lost !== undefined) {
      this.#events.emit('storageLost', { part: 'state', ...change.lost })
      this.#fullReplica?.forget()
      this.#markBorn()
    }
    this.#unreferenced.note(change, { row: (table, rowId) => this.#store.baseRow(table, rowId), write: (seq) => this.#overlay.record(seq) })
    for (const { seq, record } of change.mutations) if (record === undefined && !this.#mirror.isAside(seq)) this.#synced.changed(seq, record)
    if (change.reset) this.#keeper.stateReset()
    for (const { hash, entry } of change.ledger) {
      if (entry?.local === 'present') this.#subscriptions.blobChanged(hash)
      this.#keeper.ledgerChanged(hash, entry)
    }
    this.#keeper.recordsChanged(change.cache)
    this.#projector.apply(change, this.#mirror)
    this.#fullReplica?.add(this.#columns.brought(change))
    this.#fullReplica?.rowsChanged()
    this.#peers?.take(change)
    this.#itemEvents.take(change)
    this.#unreferenced.add(this.#superseded.replace(this.#mirror.superseded))
    this.#conflicts.look()
    if (change.signedOut) this.#signedOut()
    if (change.reset && !this.#isOpen) {
      this.#isOpen = true
      this.#store.markReady()
      this.#opened.resolve()
    }
    this.#session?.changed(change)
    this.#flushes.changed()
    this.#status.changed()
  }

  #pending(): readonly PendingItem[] {
    const queue = this.#mirror.queue()
    return pendingItems({
      entries: this.#mirror.ledger.values(), queue, waiting: waitingOf(queue, this.#facts), remoteId: this.#blobs.remoteId,
      mirrorIds: this.#remotes.mirrors.map(({ remoteId }) => remoteId), progress: this.#notices.progress, rowsOf: (hash) => this.#store.rowsOf(hash), paused: this.#mirror.paused,
    })
  }

  #makeStatus(): SyncStatus {
    const durable = this.#isOpen ? this.#state.durable && this.#cacheStore.durable : undefined
    const paused = this.#mirror.paused.all
    const pending = this.#closing.signal.aborted ? [] : this.#pending()
    return { online: this.#reachability.online, paused, leads: this.#leads, durable, persisted: this.#persisted, pending, error: this.#error }
  }

  async #debug(): Promise<DebugReport> {
    await this.#ready()
    return debugReport({
      name: this.#settings.name, nowMs: () => this.#environment.clock.nowMs(), tabId: this.#tabId, state: this.#state, cache: this.#cacheStore,
      mirror: this.#mirror, facts: this.#facts, status: () => this.#makeStatus(), queuedBytes: () => this.#admission.queuedBytes,
    })
  }

  #onLeading(leads: boolean): void {
    if (this.#leads === leads) return
    this.#leads = leads
    this.#keeper.setLeading(leads)
    if (leads) this.#announcements.reachable(this.#reachability.online)
    this.#events.emit('leader', { leads })
    this.#status.changed()
  }

  #onReachable(online: boolean): void {
    if (this.#leads) this.#announcements.reachable(online)
    this.#flushes.changed()
    this.#events.emit(online ? 'online' : 'offline', undefined)
    this.#status.changed()
    if (online) this.#hurry()
  }

  /** The network may be back: everything that waits for time to pass tries at once. */
  #hurry(): void {
    this.#subscriptions.retryMissing()
    this.#cacheApi.retryVisible()
    this.#fullReplica?.retry()
    this.#peers?.retry()
    this.#session?.resume().catch((error: unknown) => this.#logger.warn('could not hurry', { error: String(error) }))
  }

  /** In another tab: it waits for nobody, so this one lets go at once. */
  #signedOut(): void {
    if (this.#signsOut) return
    this.#closed ??= this.#shutDown(signedOut())
    this.#closed.catch((error: unknown) => this.#logger.warn('could not close after a sign-out', { error: String(error) }))
  }

  /** Before storage was ever open, nothing can be held any longer; later, what is in memory stays usable. */
  #onStateFailure(error: unknown): void {
    // Only another tab's sign-out closes it under us.
    if (hasCode(error, 'CLOSED')) return this.#signedOut()
    const typed = isBseError(error) ? error : new BseError('STORAGE_FAILED', 'core: local storage failed', { store: this.#state.name }, { cause: error })
    this.#logger.error('local storage failed', { code: typed.code })
    this.#events.emit('syncError', { operation: { type: 'sync' }, error: typed })
    if (this.#isOpen) return
    this.#error = typed
    this.#opened.reject(typed)
    this.#subscriptions.setError(typed)
    this.#status.changed()
  }

  /** Rejects once the engine has ended, whether storage was ever open or not. */
  async #ready(): Promise<void> {
    await this.#opened.promise
    this.#closing.signal.throwIfAborted()
  }

  async #identify(remembered: string | undefined): Promise<string> {
    const key = await identify({ ask: () => this.#tokens.principal(), remembered, clock: this.#environment.clock, signal: this.#closing.signal })
    this.#tokens.bind(key)
    return key
  }

  async #logout({ pending = 'refuse' }: { readonly pending?: PendingPolicy } = {}): Promise<void> {
    if (this.#closed !== undefined) throw this.#closing.signal.reason
    await this.#opened.promise
    if (this.#data === LOCAL_ROWS && pending !== 'discard') await assertNoRows(this.#state)
    try {
      await this.#storage.signOut(pending, { begins: () => (this.#signsOut = true), stop: () => this.#halt(signedOut()) })
    } finally {
      this.#signsOut = false
    }
    await this.#close()
  }

  #close(): Promise<void> {
    this.#closed ??= this.#shutDown(new BseError('CLOSED', 'core: the engine was closed', { what: 'engine' }))
    return this.#closed
  }

  /** Ends all work, for good, and takes what it knows from sight. The stores stay open: somebody may still want to sign out. */
  async #halt(reason: BseError): Promise<void> {
    if (!this.#closing.signal.aborted) {
      this.#isOpen = false
      this.#opened.reject(reason)
      this.#closing.abort(reason)
      this.#error = hasCode(reason, 'CLOSED') ? this.#error : reason
      this.#synced.close(reason)
      this.#reachability.close()
      this.#announcements.close()
      this.#uploadUrls.close()
      this.#subscriptions.close()
      this.#cache.close()
      this.#peers?.close()
      this.#status.changed()
    }
    await this.#running
    await this.#keeper.close()
    await Promise.all(this.#remotes.all.map((remote) => remote.close()))
    this.#tabLock?.release()
  }

  async #shutDown(reason: BseError): Promise<void> {
    await this.#halt(reason)
    await this.#storage.close()
    openNames.delete(this.#settings.name)
  }
}

/** Of rows that no server hears of, a sign-out would leave nothing: only who gives them up may go. */
async function assertNoRows(state: StateStore): Promise<void> {
  for await (const page of state.read(prefixRange('base/'))) {
    throw new BseError('PENDING_WORK', 'core.logout: these rows are on this device only', { mutations: page.length, uploads: 0 })
  }
}

function signedOut(): BseError {
  return new BseError('SIGNED_OUT', 'core: the person has signed out', {})
}

/** A page without IndexedDB may go on in memory; an app without a page that did so by mistake would lose what it was given. */
function assertHasState(): void {
  if (typeof indexedDB !== 'undefined' || typeof document !== 'undefined') return
  throw invalidOption('state', 'this platform has no IndexedDB, hand in a state store')
}
