import { memoryCache, memoryLocks, memoryState } from '../../src/memory/index.ts'
import type { CacheStore, StateFactory, StateOp, StateStore } from '../../src/provider/index.ts'
import { ledgerKey, SIGN_OUT_KEY } from '../../src/state/keys.ts'
import { readLedgerEntry, readMutation } from '../../src/state/records.ts'
import { hashesOf } from '../../src/model/mutation.ts'
import { blobHashFromHex, type BlobHash } from '../../src/wire/blob-hash.ts'
import type { Weather } from './faults.ts'
import { disobeyed } from './obedience.ts'
import { SimChannels } from './sim-channels.ts'
import { isLeft, strangeRecords, type StrangeRecord } from './strangers.ts'
import { isMoment, type Moment } from './moments.ts'
import type { Random } from './random.ts'
import type { SimTab } from './sim-tab.ts'
import type { World } from './world.ts'

/** What outlives the tabs of one device: stores, locks, and the circumstances that its user lives in. */
export class SimDevice {
  readonly name: string
  readonly locks: ReturnType<typeof memoryLocks> = memoryLocks()
  readonly tabs: (SimTab | undefined)[] = [undefined, undefined, undefined]
  online = true
  weather: Weather = {}
  /** How likely a store has no room. */
  full = 0
  /** Whether a newer version of the app has been loaded here: tabs that open from then on have it. */
  isUpdated = false
  /** When something of a sign-out was last written. */
  signedOutAt = -1
  /** Whether that person has given up what no server has. */
  #forgets = false
  /** What somebody waits for to be written; `undefined` once it was. */
  awaited: Moment | undefined
  /** How many times longer than usual a call of state may take. */
  diskSlowness = 1
  wallOffsetMs = 0
  /** Blobs that the browser took away, or changed, behind our back, and when. */
  readonly vanished: Map<BlobHash, number> = new Map()
  /** All records as committed, kept beside the store: what the checks look at. */
  readonly records: Map<string, unknown> = new Map()
  /** Published bytes whose record a power cut took back: nobody looks for them until they are brought again. */
  readonly strays: Set<BlobHash> = new Set()
  /** The records as of the last strict update, and what was committed since: a power cut may take that back. */
  readonly #flushed: Map<string, unknown> = new Map()
  readonly #unflushed: (readonly StateOp[])[] = []
  #openState: StateFactory = memoryState()
  readonly #openHome: StateFactory = memoryState()
  readonly #openCache: ReturnType<typeof memoryCache> = memoryCache()
  readonly #listeners: Set<(online: boolean) => void> = new Set()
  readonly #world: World

  readonly channels: SimChannels
  /** Records that the engine cannot read, and must leave alone. */
  readonly strange: Set<StrangeRecord> = new Set()

  constructor(name: string, world: World) {
    this.name = name
    this.#world = world
    this.channels = new SimChannels(world.time, world.random.fork(name === 'A' ? 501 : 502))
  }

  cache(): CacheStore {
    const store = this.#openCache('sim')
    return {
      ...store,
      delete: async (hash) => {
        const outcome = await store.delete(hash)
        if (outcome === 'deleted') this.#bytesWent(hash)
        return outcome
      },
      destroy: async () => {
        const hashes: BlobHash[] = []
        for await (const { hash } of store.list()) hashes.push(hash)
        await store.destroy()
        for (const hash of hashes) this.#bytesWent(hash)
      },
    }
  }

  /** Where people are signed in, what lies under the bare name is the home that they share: who was here last, and whose storage is to be wiped. */
  state(namespace: string): StateStore {
    if (this.#world.server.tokens !== undefined && !namespace.includes('@')) return this.#openHome('home')
    return this.#records()
  }

  #records(): StateStore {
    const store = this.#openState('sim')
    return {
      ...store,
      update: (read, decide, options) => store.update(read, (get) => {
        const decided = decide(get)
        this.#committed(decided.ops)
        this.#unflushed.push(decided.ops)
        if (options.durability === 'strict') this.#flush()
        return decided
      }, options),
      destroy: async () => {
        await store.destroy()
        this.records.clear()
        this.#flushed.clear()
        this.#unflushed.length = 0
        this.signedOutAt = this.#world.log.tick
        this.#world.trace(`${this.name} is empty`)
      },
    }
  }

  signOutBegins(forgets: boolean): void {
    this.signedOutAt = this.#world.log.tick
    this.#forgets ||= forgets
  }

  connectivity(): { readonly online: boolean; subscribe(listener: (online: boolean) => void): () => void } {
    const isOnline = (): boolean => this.online
    return {
      get online() {
        return isOnline()
      },
      subscribe: (listener) => {
        this.#listeners.add(listener)
        return () => void this.#listeners.delete(listener)
      },
    }
  }

  setOnline(online: boolean): void {
    if (this.online === online) return
    this.online = online
    for (const listener of [...this.#listeners]) listener(online)
  }

  living(): readonly SimTab[] {
    return this.tabs.flatMap((tab) => (tab === undefined || tab.isDead ? [] : [tab]))
  }

  /** The browser removes a file without a word, or (`rot`) other bytes are in it from now on. */
  async vanish(hash: BlobHash, rot: boolean): Promise<void> {
    const store = this.#openCache('sim')
    if ((await store.delete(hash)) !== 'deleted') return
    this.vanished.set(hash, this.#world.log.tick)
    if (rot) await store.publish({ ...(await store.stage(new Blob(['rotten']))), hash })
  }

  /** The last of the updates that were not strict are gone, as many as chance has it. All tabs are dead. */
  async cutPower(random: Random): Promise<void> {
    this.#unflushed.splice(random.int(this.#unflushed.length + 1))
    this.#flush()
    this.records.clear()
    for (const [key, value] of this.#flushed) this.records.set(key, value)
    this.#openState = memoryState()
    const ops = [...this.#flushed].map(([put, value]) => ({ put, value }))
    await this.#openState('sim').update([], () => ({ ops, result: undefined }), { durability: 'strict' })
    await this.#compareBytes()
  }

  /** Files stay as they are: the records of some are older now, or none. */
  async #compareBytes(): Promise<void> {
    const files = new Set<BlobHash>()
    for await (const { hash } of this.#openCache('sim').list()) files.add(hash)
    for (const hash of files) if (!this.records.has(ledgerKey(hash))) this.strays.add(hash)
    for (const [key, value] of this.records) {
      const entry = key.startsWith('led/') ? readLedgerEntry(value) : undefined
      if (entry === undefined || entry.inline) continue
      if (entry.local === 'present' && !files.has(entry.hash)) this.vanished.set(entry.hash, this.#world.log.tick)
      if (entry.local === 'absent' && files.has(entry.hash)) this.strays.add(entry.hash)
    }
  }

  #flush(): void {
    for (const ops of this.#unflushed.splice(0)) apply(this.#flushed, ops)
  }

  /** Newer code was here for a moment, or the disk has gone bad in a place. Answers a content that is known by name from then on. */
  async meetStranger(random: Random): Promise<number> {
    const { content, left, ops } = strangeRecords(this.records, random)
    await this.#records().update([], () => ({ ops, result: undefined }), { durability: 'strict' })
    for (const one of left) this.strange.add(one)
    return content
  }

  checkStrange(): void {
    for (const one of this.strange) if (!isLeft(this.records, one)) this.#world.violation('lost', `${this.name}: ${one.key}, which is ${one.is}, was not left alone`)
  }

  #committed(ops: readonly StateOp[]): void {
    for (const what of disobeyed(this.records, ops)) this.#world.violation('disobeyed', `${this.name}: ${what}`)
    // Whoever signs out for good takes what nobody can read with them.
    if (ops.some((op) => 'deleteRange' in op && op.deleteRange.from === ' ')) this.strange.clear()
    if (this.#forgets && ops.some((op) => 'deleteRange' in op && op.deleteRange.from === ' ')) {
      this.#world.history.forget(this.name)
      this.#forgets = false
    }
    apply(this.records, ops)
    if (ops.some((op) => ('put' in op ? op.put : 'delete' in op ? op.delete : '') === SIGN_OUT_KEY)) this.signedOutAt = this.#world.log.tick
    if (this.awaited !== undefined && isMoment(this.awaited, ops)) this.awaited = undefined
    for (const op of ops) {
      if ('delete' in op && op.delete.startsWith('bytes/')) this.#bytesWent(blobHashFromHex(op.delete.slice('bytes/'.length)))
    }
    if (JSON.stringify(ops).includes('pending:')) this.#world.violation('corrupt', `${this.name}: a provisional name was stored`)
    this.#world.trace(`${this.name} commits ${ops.map(describe).join(', ')}`)
  }

  /** Held at every removal of bytes: what a queued write names is at the server, or it does not go. */
  #bytesWent(hash: BlobHash): void {
    this.#world.trace(`${this.name} loses the bytes of ${hash.slice(7, 15)}`)
    // What went bad before has no worth; a good copy is about to take its place.
    if (this.#forgets || this.#world.server.remote.blobs.has(hash) || this.vanished.has(hash)) return
    // What a write brought in that never committed was promised to nobody.
    if (readLedgerEntry(this.records.get(ledgerKey(hash)))?.local === 'staged') return
    for (const [key, value] of this.records) {
      const record = key.startsWith('mut/') ? readMutation(value) : undefined
      if (record === undefined || record.state.is === 'applied' || !hashesOf(record.ops).has(hash)) continue
      this.#world.violation('lost', `${this.name}: bytes of ${hash} removed while ${key} (${record.state.is}) names them and no server has them`)
    }
  }
}

function apply(records: Map<string, unknown>, ops: readonly StateOp[]): void {
  for (const op of ops) {
    if ('put' in op) records.set(op.put, op.value)
    else if ('delete' in op) records.delete(op.delete)
    else for (const key of [...records.keys()]) if (key >= op.deleteRange.from && key < op.deleteRange.to) records.delete(key)
  }
}

/** Enough of a record to tell two runs apart, and nothing that the seed does not decide. */
function describe(op: StateOp): string {
  if ('deleteRange' in op) return 'range'
  if ('delete' in op) return `-${op.delete}`
  const value = op.value as { readonly local?: string; readonly claims?: readonly string[]; readonly state?: unknown; readonly remotes?: unknown }
  return `${op.put}=${op.put.startsWith('led/') ? JSON.stringify([value.local, value.claims, value.remotes]) : op.put.startsWith('mut/') ? JSON.stringify(value) : ''}`
}
