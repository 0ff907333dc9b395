import { BseError } from '../errors.ts'
import type { LedgerEntry } from '../model/ledger-entry.ts'
import type { Logger } from '../provider/context.ts'
import type { Clock } from '../provider/environment.ts'
import type { StateEntry, StateStore } from '../provider/state-store.ts'
import { prefixRange, readKey } from '../state/keys.ts'
import { readLedgerEntry } from '../state/records.ts'
import type { BlobHash } from '../wire/blob-hash.ts'
import { Catalog, type EvictionOrder, type Priority } from './catalog.ts'
import { BY_DEVICE, BY_LIMIT, limitBytes, surplusBytes, type CacheLimits, type StorageEstimate } from './limits.ts'
import type { Priorities } from './priorities.ts'
import { loadUses, readUse, saveUses, type UseRecord } from './usage-records.ts'

export interface EvictedItem {
  readonly id: BlobHash
  readonly size: number
}

export interface CacheKeeperOptions {
  readonly state: StateStore
  readonly clock: Clock
  readonly logger: Logger
  readonly limits: CacheLimits
  readonly order: EvictionOrder
  readonly priorities: Priorities
  /** What the platform says of its storage; `undefined` where it does not say. */
  readonly estimate: () => Promise<StorageEstimate | undefined>
  /** Lets go of bytes unless somebody reads them or nobody else has them. */
  readonly evict: (hash: BlobHash) => Promise<'evicted' | 'kept'>
  /** Whether enough remotes have the bytes for this device to drop its copy. */
  readonly isDurable: (entry: LedgerEntry) => boolean
  readonly onWarning: (room: { readonly used: number; readonly available: number }) => void
  readonly onEvicted: (items: readonly EvictedItem[]) => void
}

/** How the cache stands, in bytes. */
export interface CacheRoom {
  readonly used: number
  readonly available: number
  readonly items: number
}

/** Uses are written together, this long after the first of them. */
const SAVE_AFTER_MS = 5_000
/** Changes of one moment are looked at together. */
const TIDY_AFTER_MS = 100

/**
 * Knows what is on this device and lets go of what may go, in the order the app asked for. Its picture is loaded when it is first needed and follows
 * the ledger from then on. Only the leader tidies by itself; any tab makes room for its own write when the device is full.
 */
export class CacheKeeper {
  readonly #options: CacheKeeperOptions
  #catalog: Catalog
  /** Uses that are not saved yet; `undefined` for bytes that are gone. */
  readonly #unsaved: Map<BlobHash, UseRecord | undefined> = new Map()
  readonly #ending: AbortController = new AbortController()
  #loading: Promise<void> | undefined
  /** What changed while the picture is loaded: newer than what the pages say, and later in the order of uses. */
  #arrived: Map<BlobHash, LedgerEntry | undefined> | undefined
  /** Bytes on their way that have a place kept for them. */
  readonly #coming: Map<BlobHash, number> = new Map()
  readonly #listeners: Set<() => void> = new Set()
  #cancelTell: (() => void) | undefined
  #tidying: Promise<void> = Promise.resolve()
  #isLeading = false
  #hasWarned = false
  #cancelSave: (() => void) | undefined
  #cancelTidy: (() => void) | undefined

  constructor(options: CacheKeeperOptions) {
    this.#options = options
    this.#catalog = new Catalog(options.order)
  }

  /** Resolves when the picture is whole. */
  ready(): Promise<void> {
    this.#loading ??= this.#load().catch((error: unknown) => {
      this.#loading = undefined
      throw error
    })
    return this.#loading
  }

  /** This tab tidies for all from now on, or no longer. */
  setLeading(leads: boolean): void {
    this.#isLeading = leads
    if (!leads) return
    this.ready().then(() => this.#tidySoon(), (error: unknown) => this.#options.logger.warn('the cache cannot be listed', { error: String(error) }))
  }

  /** State was read anew, since it was changed behind our back: a picture of what it was before would count bytes that are gone. */
  stateReset(): void {
    if (this.#loading === undefined) return
    const before = this.#loading
    const again = async (): Promise<void> => {
      await Promise.allSettled([before])
      this.#catalog = new Catalog(this.#options.order)
      this.#unsaved.clear()
      await this.#load()
    }
    const loading = again().catch((error: unknown) => {
      if (this.#loading === loading) this.#loading = undefined
      throw error
    })
    loading.catch(() => undefined)
    this.#loading = loading
  }

  ledgerChanged(hash: BlobHash, entry: LedgerEntry | undefined): void {
    this.#tellSoon()
    if (this.#loading === undefined) return
    if (entry?.local !== 'staged') this.#coming.delete(hash)
    if (this.#arrived === undefined) this.#take(hash, entry)
    else this.#arrived.set(hash, entry)
    if (this.#isLeading) this.#tidySoon()
  }

  /** Records of use or of priority changed, here or in another tab. */
  recordsChanged(entries: readonly StateEntry[]): void {
    for (const { key, value } of entries) {
      const meaning = readKey(key)
      const use = readUse(value)
      if (meaning?.of === 'priority') this.#options.priorities.changed(key, value)
      else if (meaning?.of === 'use' && use !== undefined) this.#catalog.use(meaning.hash, use.used)
    }
  }

  /** `listener` runs after changes of what is here and of what waits to be sent; those of one moment are told together. */
  onChange(listener: () => void): () => void {
    const own = (): void => listener()
    this.#listeners.add(own)
    return () => void this.#listeners.delete(own)
  }

  /** This tab read these bytes. */
  used(hash: BlobHash): void {
    this.#catalog.use(hash)
    this.#note(hash)
  }

  /** The person said how dear some bytes are. */
  priorityChanged(hashes: Iterable<BlobHash>): void {
    for (const hash of hashes) this.#catalog.reprioritize(hash, this.#options.priorities.of(hash))
  }

  async room(): Promise<CacheRoom> {
    await this.ready()
    const used = this.#catalog.usedBytes
    return { used, available: Math.max(0, (await this.#limit()) - used), items: this.#catalog.items }
  }

  /** Keeps a place for bytes that nobody has asked to see yet. False, and nothing is kept, where others would have to go for them. */
  async reserve(hash: BlobHash, sizeBytes: number): Promise<boolean> {
    await this.ready()
    this.#coming.set(hash, sizeBytes)
    const most = this.#options.limits.criticalShare * (await this.#limit())
    const coming = [...this.#coming.values()].reduce((sum, bytes) => sum + bytes, 0)
    if (this.#catalog.usedBytes + coming <= most) return true
    this.#coming.delete(hash)
    return false
  }

  /** Such bytes came, or will not come. Their place is kept until the ledger says that they are here. */
  reserved(hash: BlobHash, outcome: 'came' | 'failed'): void {
    if (outcome === 'failed' || this.#catalog.get(hash) !== undefined) this.#coming.delete(hash)
  }

  /** In bytes; `undefined` when it is not on this device, or when the picture is not loaded yet. */
  sizeOf(hash: BlobHash): number | undefined {
    return this.#catalog.get(hash)?.sizeBytes
  }

  /** Every blob on this device. */
  async hashes(): Promise<readonly BlobHash[]> {
    await this.ready()
    return [...this.#catalog.hashes()]
  }

  /**
   * The device is full: lets go of as many bytes as are needed, what is dear to the person last, and only where `spareDear` is not said.
   * Answers how many went; 0 where the app evicts by hand.
   */
  async makeRoom(neededBytes: number, options: { readonly spareDear: boolean }): Promise<number> {
    if (!this.#options.limits.evictsByItself) return 0
    await this.ready()
    return this.#evictBytes(neededBytes, options.spareDear ? BY_LIMIT : BY_DEVICE)
  }

  /** Bytes here that cannot go: no remote has them. */
  pinnedBytes(): number {
    let bytes = 0
    for (const hash of this.#catalog.hashes()) {
      const held = this.#catalog.get(hash)
      if (held?.isSpare === false) bytes += held.sizeBytes
    }
    return bytes
  }

  /** Saves what is not saved yet. */
  async close(): Promise<void> {
    this.#cancelTidy?.()
    this.#cancelTell?.()
    this.#listeners.clear()
    this.#ending.abort(new BseError('CLOSED', 'cache: closed while it was read', { what: 'cache' }))
    await this.#tidying
    await this.#save()
  }

  async #load(): Promise<void> {
    const { state, priorities } = this.#options
    const { signal } = this.#ending
    const arrived = new Map<BlobHash, LedgerEntry | undefined>()
    this.#arrived = arrived
    await priorities.load(signal)
    const uses = await loadUses(state, signal)
    for await (const page of state.read(prefixRange('led/'), { signal })) {
      for (const { value } of page) {
        const entry = readLedgerEntry(value)
        if (entry !== undefined && !arrived.has(entry.hash)) this.#take(entry.hash, entry, uses.get(entry.hash))
      }
    }
    this.#arrived = undefined
    for (const [hash, entry] of arrived) this.#take(hash, entry, uses.get(hash))
  }

  #take(hash: BlobHash, entry: LedgerEntry | undefined, use?: UseRecord): void {
    if (entry?.local !== 'present') {
      if (this.#catalog.get(hash) === undefined) return
      this.#catalog.remove(hash)
      this.#unsaved.set(hash, undefined)
      return this.#saveSoon()
    }
    const isNew = this.#catalog.get(hash) === undefined
    const isSpare = entry.claims.length === 0 && this.#options.isDurable(entry)
    const order = use === undefined ? {} : { added: use.added, used: use.used }
    this.#catalog.put(hash, { sizeBytes: entry.sizeBytes, isSpare, ...order }, this.#options.priorities.of(hash))
    if (isNew && use === undefined) this.#note(hash)
  }

  #note(hash: BlobHash): void {
    const held = this.#catalog.get(hash)
    if (held === undefined) return
    this.#unsaved.set(hash, { v: 1, added: held.added, used: held.used })
    this.#saveSoon()
  }

  #saveSoon(): void {
    this.#cancelSave ??= this.#options.clock.timer(SAVE_AFTER_MS, () => void this.#save())
  }

  async #save(): Promise<void> {
    this.#cancelSave?.()
    this.#cancelSave = undefined
    const uses = [...this.#unsaved]
    this.#unsaved.clear()
    try {
      await saveUses(this.#options.state, uses)
    } catch (error) {
      // Worth a word and no more: without them the order of eviction is that of an earlier moment.
      this.#options.logger.info('could not save when blobs were used', { error: String(error) })
    }
  }

  async #limit(): Promise<number> {
    return limitBytes(this.#options.limits, this.#catalog.usedBytes, await this.#estimate())
  }

  /** Only thresholds depend on it: a platform that cannot tell is one that says nothing. */
  async #estimate(): Promise<StorageEstimate | undefined> {
    try {
      return await this.#options.estimate()
    } catch (error) {
      this.#options.logger.info('the platform does not say how much storage there is', { error: String(error) })
      return undefined
    }
  }

  #tellSoon(): void {
    if (this.#listeners.size === 0) return
    this.#cancelTell ??= this.#options.clock.timer(TIDY_AFTER_MS, () => {
      this.#cancelTell = undefined
      for (const listener of [...this.#listeners]) this.#tell(listener)
    })
  }

  #tell(listener: () => void): void {
    try {
      listener()
    } catch (error) {
      this.#options.logger.error('cache: a listener threw', { reason: error instanceof Error ? error.message : String(error) })
    }
  }

  #tidySoon(): void {
    this.#cancelTidy ??= this.#options.clock.timer(TIDY_AFTER_MS, () => {
      this.#cancelTidy = undefined
      this.#tidying = this.#tidying.then(() => this.#tidy()).catch((error: unknown) => this.#options.logger.warn('the cache cannot be tidied', { error: String(error) }))
    })
  }

  async #tidy(): Promise<void> {
    await this.ready()
    if (!this.#isLeading || this.#ending.signal.aborted) return
    const { limits } = this.#options
    const limit = await this.#limit()
    this.#warn(limit)
    const surplus = surplusBytes(limits, this.#catalog.usedBytes, limit)
    if (surplus > 0) await this.#evictBytes(surplus, BY_LIMIT)
    this.#warn(limit)
  }

  /** Once for each time that the share is crossed. */
  #warn(limit: number): void {
    const { limits, onWarning } = this.#options
    const used = this.#catalog.usedBytes
    const isAbove = used > limits.warningShare * limit
    if (isAbove && !this.#hasWarned) onWarning({ used, available: Math.max(0, limit - used) })
    this.#hasWarned = isAbove
  }

  async #evictBytes(neededBytes: number, priorities: readonly Priority[]): Promise<number> {
    const { evict, onEvicted } = this.#options
    const priorityOf = (hash: BlobHash): Priority => this.#options.priorities.of(hash)
    const kept: BlobHash[] = []
    const evicted: EvictedItem[] = []
    let freed = 0
    try {
      while (freed < neededBytes && !this.#ending.signal.aborted) {
        const hash = this.#catalog.take({ priorities, priorityOf })
        if (hash === undefined) break
        const size = this.#catalog.get(hash)?.sizeBytes ?? 0
        if ((await evict(hash)) === 'kept') kept.push(hash)
        else {
          this.#take(hash, undefined)
          evicted.push({ id: hash, size })
          freed += size
        }
      }
    } finally {
      for (const hash of kept) this.#catalog.standAgain(hash, priorityOf(hash))
      if (evicted.length > 0) onEvicted(evicted)
    }
    return freed
  }
}
