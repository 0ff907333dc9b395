import { createSyncEngine, type SyncEngine } from '../../src/index.ts'
import type { CacheStore, HeldLock, LockRequest, Locks, StateOp, StateStore } from '../../src/provider/index.ts'
import { MortalTab } from '../../src/testing/mortal-tab.ts'
import { drawFault, networkError, storageFull, type NetworkFault } from './faults.ts'
import type { Op } from './history.ts'
import { isMoment, type Moment } from './moments.ts'
import type { Random } from './random.ts'
import type { SimDevice } from './sim-device.ts'
import { simBlobs, simData, type Wire } from './sim-providers.ts'
import { simReplica } from './sim-replica.ts'
import { Dialect, MIGRATIONS, schema, schemaAfterUpdate } from './sim-schema.ts'
import { tabClock } from './virtual-time.ts'
import type { World } from './world.ts'

export type SimEngine = SyncEngine<typeof schema>

/** Blobs up to this size ride in the commit. */
export const INLINE_MAX_BYTES = 64

/** Faults of an answer: the server has done what it was asked. */
const AFTERWARDS: ReadonlySet<string> = new Set(['lost-answer', 'late-answer', 'garbled'])

/** One tab with a real engine in it, whose every call of the outside takes time, can fail, and can be the last. */
export class SimTab {
  readonly name: string
  readonly engine: SimEngine
  readonly openedAt: number
  /** How the version of the app that this tab has loaded calls things. */
  readonly dialect: Dialect
  /** What was written in this tab. */
  readonly ops: Op[] = []
  readonly #world: World
  readonly #device: SimDevice
  readonly #random: Random
  readonly #mortal: MortalTab
  readonly #pageListeners: Set<(event: 'hide' | 'show') => void> = new Set()
  readonly #onThaw: (() => void)[] = []
  readonly #leading: Set<{ steal(): void }> = new Set()
  #stateLane: Promise<void> = Promise.resolve()
  #renewals = 0
  readonly #expiredBefore: number
  #isFrozen = false
  #isHidden = false
  #hasFailed = false
  #deadly: { readonly moment: Moment; readonly onDeath: () => void } | undefined
  #closing: Promise<void> | undefined
  #leaving: Promise<void> | undefined

  constructor(world: World, device: SimDevice, serial: number) {
    this.name = `${device.name}${serial}`
    this.openedAt = world.log.tick
    this.#world = world
    this.#device = device
    this.dialect = new Dialect(device.isUpdated)
    this.#expiredBefore = world.server.tokens?.expired ?? 0
    this.#random = world.random.fork(1_000 + serial)
    this.#mortal = new MortalTab({
      state: (namespace) => this.#slowState(device.state(namespace)),
      cache: () => this.#slowCache(device.cache()),
      environment: {
        clock: tabClock(world.time, () => device.wallOffsetMs, (run) => this.#deliver(run)),
        connectivity: device.connectivity(),
        channel: device.channels.open((run) => this.#deliver(run)),
        locks: this.#locks(device.locks),
        lifecycle: {
          subscribe: (listener) => {
            this.#pageListeners.add(listener)
            return () => void this.#pageListeners.delete(listener)
          },
        },
        random: () => this.#random.next(),
        randomBytes: (length) => this.#random.bytes(length),
        fetch: () => Promise.reject(new Error('nothing in here fetches')),
      },
    })
    this.engine = this.#open()
    this.engine.ready.catch(() => { this.#hasFailed = true })
  }

  get isDead(): boolean {
    return this.#mortal.isDead
  }

  get isFrozen(): boolean {
    return this.#isFrozen
  }

  /** Storage could not be opened: the person sees an error and can only reload. */
  get hasFailed(): boolean {
    return this.#hasFailed || this.wasSignedOut
  }

  /** Somebody has signed out in another tab. */
  get wasSignedOut(): boolean {
    const code = this.engine.status.getSnapshot().error?.code
    return this.#device.signedOutAt > this.openedAt && (code === 'SIGNED_OUT' || code === 'CLOSED')
  }

  dieAt(step: number, onDeath: () => void): void {
    this.#mortal.dieAt(step, onDeath)
  }

  /** Dies at the update that writes `moment`, with that written and nobody told. */
  dieOn(moment: Moment, onDeath: () => void): void {
    this.#deadly = { moment, onDeath }
  }

  /** Whatever was to kill it does so no more. */
  spare(): void {
    this.#deadly = undefined
    this.#mortal.dieAt(Number.MAX_SAFE_INTEGER, () => undefined)
  }

  die(): void {
    this.#mortal.die()
  }

  get isClosing(): boolean {
    return this.#closing !== undefined
  }

  /** As a person closes a tab that the app is told of; dead afterwards. */
  close(): Promise<void> {
    this.#closing ??= this.engine.close().then(() => this.die())
    return this.#closing
  }

  /** The person signs out on the whole device; of work that no server has, `pending` decides. The tab is of no use afterwards. */
  leave(pending: 'refuse' | 'keep' | 'discard'): Promise<void> {
    this.#device.signOutBegins(pending === 'discard')
    const leaving = this.engine.logout({ pending }).then(() => this.die())
    this.#leaving = leaving
    return leaving.finally(() => { this.#leaving = undefined })
  }

  get isLeaving(): boolean {
    return this.#leaving !== undefined && !this.isDead
  }

  /** The platform stops running the tab. With `steal`, it gives the lead's lock to the next in line, as after a discard. */
  freeze(steal: boolean): void {
    this.#isFrozen = true
    if (steal) for (const lock of [...this.#leading]) lock.steal()
  }

  thaw(): void {
    this.#isFrozen = false
    for (const run of this.#onThaw.splice(0)) run()
  }

  setHidden(hidden: boolean): void {
    if (this.#isHidden === hidden || this.isDead) return
    this.#isHidden = hidden
    for (const listener of [...this.#pageListeners]) listener(hidden ? 'hide' : 'show')
  }

  #open(): SimEngine {
    const wire: Wire = { call: (name, run, signal) => this.#mortal.outside(name, () => this.#overNetwork(name, run, signal)) }
    // Both versions have the same tables; a person speaks by the tab's dialect.
    const version = this.#device.isUpdated ? { schema: schemaAfterUpdate as unknown as typeof schema, schemaVersion: 2, migrations: MIGRATIONS } : { schema }
    return createSyncEngine({
      name: `sim-${this.#world.id}-${this.name}`,
      ...version,
      state: this.#mortal.state,
      cache: { backend: this.#mortal.cache, inlineMaxBytes: INLINE_MAX_BYTES, ...(this.#world.cacheMaxBytes === undefined ? {} : { maxSize: this.#world.cacheMaxBytes }) },
      offline: { retryStrategy: { maxAttempts: 2 }, conflictResolution: this.#world.resolution },
      ...(this.#world.hasHandlers ? { onConflict: () => this.#decide() } : {}),
      ...(this.#world.server.tokens === undefined ? {} : { auth: ({ reason }: { readonly reason: 'start' | 'expired' }) => this.#signIn(reason) }),
      blobs: simBlobs(this.#world.server, wire),
      data: this.#world.server.replicas ? simReplica(this.#world.server, wire) : simData(this.#world.server, wire, this.dialect, (what) => this.#world.violation('corrupt', `${this.name}: ${what}`)),
      environment: this.#mortal.environment,
    })
  }

  /** An app asks its own server for a token. Asked as often as tokens wear out, and no more. */
  async #signIn(reason: 'start' | 'expired'): Promise<{ readonly userId: string; readonly headers: Readonly<Record<string, string>> }> {
    const { tokens } = this.#world.server
    if (reason === 'expired') this.#renewals += 1
    const wornOut = (tokens?.expired ?? 0) - this.#expiredBefore
    if (this.#renewals > wornOut) this.#world.violation('disobeyed', `${this.name} asked for new credentials ${this.#renewals} times, and ${wornOut} wore out`)
    await this.#pause(400)
    return { userId: this.#device.name, headers: tokens?.issue() ?? {} }
  }

  /** Some people decide at once, some later, some never. */
  async #decide(): Promise<'local' | 'remote' | undefined> {
    await this.#pause(5_000)
    return this.#random.pick(['local', 'remote', undefined] as const)
  }

  /** A little time, or none; as long as the tab is frozen, all of it; for a dead tab, for ever. */
  async #pause(maxMs: number, signal?: AbortSignal): Promise<void> {
    if (!this.#random.chance(0.5)) await abortable(this.#world.time.sleep(this.#random.int(maxMs)), signal)
    while (this.#isFrozen) await new Promise<void>((resolve) => this.#onThaw.push(resolve))
    if (this.isDead) await new Promise<never>(() => undefined)
  }

  #deliver(run: () => void): void {
    if (this.isDead) return
    if (this.#isFrozen) this.#onThaw.push(run)
    else run()
  }

  /** A tab's calls of state take effect in the order in which it made them, as in a browser. */
  async #inLane(name: string, maxMs: number): Promise<void> {
    const turn = this.#stateLane.then(() => this.#pause(maxMs * this.#device.diskSlowness))
    this.#stateLane = turn
    await turn
    this.#world.trace(`${this.name} ${name}`)
  }

  #dieIfDue(ops: readonly StateOp[]): void {
    const deadly = this.#deadly
    if (deadly === undefined || this.isDead || !isMoment(deadly.moment, ops)) return
    this.#mortal.die()
    deadly.onDeath()
  }

  #failWhenFull(name: string): void {
    if (this.#random.chance(this.#device.full)) throw storageFull(name)
  }

  #slowState(store: StateStore): StateStore {
    return {
      ...store,
      update: async (read, decide, options) => {
        await this.#inLane('update', 12)
        this.#failWhenFull('update')
        let ops: readonly StateOp[] = []
        const result = await store.update(read, (get) => {
          const decided = decide(get)
          ops = decided.ops
          return decided
        }, options)
        this.#dieIfDue(ops)
        return result
      },
      get: async (keys) => {
        await this.#inLane('get', 4)
        return store.get(keys)
      },
      read: (range, options) => this.#slowly(store.read(range, options)),
      watch: (since, options) => this.#slowly(store.watch(since, options)),
    }
  }

  #slowCache(store: CacheStore): CacheStore {
    const step = async <T>(name: string, run: () => Promise<T>, signal?: AbortSignal): Promise<T> => {
      await this.#pause(20, signal)
      this.#world.trace(`${this.name} ${name}`)
      return run()
    }
    return {
      ...store,
      stage: (source, options) => step('stage', async () => {
        this.#failWhenFull('stage')
        return store.stage(source, options)
      }, options?.signal),
      publish: (staged) => step('publish', () => store.publish(staged)),
      discard: (stageId) => step('discard', () => store.discard(stageId)),
      sweep: (isAlive) => step('sweep', () => store.sweep(isAlive)),
      get: (hash) => step('cache get', () => store.get(hash)),
      delete: (hash) => step('delete', () => store.delete(hash)),
    }
  }

  async *#slowly<T>(source: AsyncIterable<T>): AsyncGenerator<T, void, undefined> {
    for await (const value of source) {
      await this.#pause(15)
      yield value
    }
  }

  async #overNetwork<T>(name: string, run: (fault: NetworkFault | undefined) => Promise<T>, signal: AbortSignal | undefined): Promise<T> {
    await this.#pause(40, signal)
    const fault = this.#device.online ? drawFault(this.#device.weather, this.#random) : 'offline'
    this.#world.trace(`${this.name} ${name}${fault === undefined ? '' : ` (${fault})`}`)
    if (fault === 'slow') await this.#crawl(signal)
    else if (fault === 'duplicate') await run(undefined)
    else if (fault === 'offline' || (fault !== undefined && !AFTERWARDS.has(fault))) throw networkError(fault, name, this.#random)
    const answer = await run(fault)
    if (fault === 'late-answer') await abortable(this.#world.time.sleep(100 + this.#random.int(20_000)), signal)
    await this.#pause(40, signal)
    if (fault === 'lost-answer' || (fault === 'late-answer' && this.#random.chance(0.3))) throw networkError(fault, name, this.#random)
    return answer
  }

  async #crawl(signal: AbortSignal | undefined): Promise<void> {
    this.#world.onTheWay += 1
    try {
      await abortable(this.#world.time.sleep(5_000 + this.#random.int(40_000)), signal)
    } finally {
      this.#world.onTheWay -= 1
    }
  }

  /** Engines of one process need different names; the locks of one device have to be the same. */
  #locks(locks: Locks): Locks {
    const acquire = async (asked: string, request: LockRequest): Promise<HeldLock | undefined> => {
      const name = asked.replace(`sim-${this.#world.id}-${this.name}`, 'sim')
      const lock = await locks.acquire(name, request)
      return lock === undefined || !/\/leader(@|$)/.test(name) ? lock : this.#stealable(lock)
    }
    return { acquire: acquire as Locks['acquire'] }
  }

  #stealable(lock: HeldLock): HeldLock {
    const held = { steal: () => lock.release() }
    this.#leading.add(held)
    if (this.#isFrozen) held.steal()
    return {
      release: () => {
        this.#leading.delete(held)
        lock.release()
      },
    }
  }
}

function abortable<T>(work: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (signal === undefined) return work
  return new Promise((resolve, reject) => {
    const onAbort = (): void => reject(signal.reason)
    if (signal.aborted) onAbort()
    signal.addEventListener('abort', onAbort, { once: true })
    work.then(resolve, reject).finally(() => signal.removeEventListener('abort', onAbort))
  })
}
