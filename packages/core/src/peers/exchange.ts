import { afterAdoption, withAdoption } from '../ledger/adoption.ts'
import { withRemote } from '../ledger/entry.ts'
import type { References } from '../ledger/ledger.ts'
import { ledgerOps } from '../ledger/records.ts'
import type { LedgerEntry } from '../model/ledger-entry.ts'
import type { BlobProvider, RemoteRef, RemoteStat } from '../provider/blob-provider.ts'
import type { Logger } from '../provider/context.ts'
import type { Clock } from '../provider/environment.ts'
import type { PeerPresence } from '../provider/peer-presence.ts'
import type { StateStore } from '../provider/state-store.ts'
import { ledgerKey, prefixRange } from '../state/keys.ts'
import { readLedgerEntry } from '../state/records.ts'
import type { BlobHash } from '../wire/blob-hash.ts'
import type { BlobAwareness } from '../wire/presence.ts'
import { AnnouncedSet } from '../wire/presence-set.ts'
import { isToAsk, isToFetch } from './decide.ts'
import { KnownSet, type Difference } from './known-set.ts'
import { announcedAs } from './server-url.ts'

export interface ExchangeDeps {
  readonly presence: PeerPresence
  /** Every remote of the configuration. No other host is ever asked for anything, whatever is announced. */
  readonly remotes: readonly BlobProvider[]
  readonly state: StateStore
  readonly references: References
  /** Brings these onto this device in its own time. Left out where a device keeps only what it uses. */
  readonly fetch: ((refs: readonly RemoteRef[]) => void) | undefined
  /** Bytes here that are on their way to a remote, or wait for it. */
  readonly owedTo: (remoteId: string) => readonly BlobHash[]
  readonly clock: Clock
  readonly logger: Logger
}

/** What happens in this time is announced and compared together. */
const TOGETHER_MS = 200
/** Blobs in one look at the ledger or question to a server. */
const AT_ONCE = 500
/** A server that did not answer, or whose list could not be read yet, is looked at again. */
const AGAIN_MS = 15_000
/** A server is not asked again so soon for a blob that it says to lack: what it says may be old. */
const ASK_AGAIN_MS = 60_000
/** Announcements under one name: a server that came back may be heard twice for a while, and anybody may use its name. */
const VOICES = 4

/**
 * Tells the others what this device has, and brings the sets of this device and of the servers together: what a server has and this device lacks is
 * fetched, what a server lacks and this device has is sent. The leading tab does it for all.
 */
export class Exchange {
  readonly #deps: ExchangeDeps
  readonly #known: ReadonlyMap<string, KnownSet>
  #own: AnnouncedSet = new AnnouncedSet()
  /** Changes that came while the ledger was read: newer than what its pages say. */
  #arrived: Map<BlobHash, boolean> | undefined
  /** Told to be missing, and not here yet: who said so is asked first. */
  readonly #said: Map<string, ReadonlySet<BlobHash>> = new Map()
  /** When a server was asked last whether it lacks a blob. */
  readonly #askedAtMs: Map<string, Map<BlobHash, number>> = new Map()
  #leading: AbortSignal | undefined
  #unsubscribe: () => void = () => undefined
  #cancelTimer: (() => void) | undefined
  #isComparing = false

  constructor(deps: ExchangeDeps) {
    this.#deps = deps
    const { clock, logger } = deps
    this.#known = new Map(deps.remotes.map((source) => [source.remoteId, new KnownSet({ source, clock, logger })]))
  }

  /** Whether a server has said that it has this blob, and this device lacks it. */
  saysToHave(remoteId: string, hash: BlobHash): boolean {
    return this.#said.get(remoteId)?.has(hash) === true
  }

  /** Whether any server has. */
  isOffered(hash: BlobHash): boolean {
    return !this.#own.has(hash) && [...this.#said.values()].some((hashes) => hashes.has(hash))
  }

  /** This tab does it from now on, until the signal says otherwise. */
  async begin(leading: AbortSignal): Promise<void> {
    this.#leading = leading
    leading.addEventListener('abort', () => this.#end(leading), { once: true })
    try {
      await this.#load(leading)
    } catch (error) {
      if (!leading.aborted) this.#deps.logger.warn('what is on this device cannot be announced', { error: String(error) })
      return
    }
    if (this.#leading !== leading) return
    this.#unsubscribe = this.#deps.presence.subscribe(() => this.#soon())
    this.#soon()
  }

  /** The ledger's record of a blob changed. */
  ledgerChanged(hash: BlobHash, entry: LedgerEntry | undefined): void {
    if (this.#leading === undefined) return
    const isHere = entry?.local === 'present'
    this.#arrived?.set(hash, isHere)
    if (this.#own.set(hash, isHere)) this.#soon()
  }

  #end(leading: AbortSignal): void {
    if (this.#leading !== leading) return
    this.#leading = undefined
    this.#cancelTimer?.()
    this.#cancelTimer = undefined
    this.#unsubscribe()
    this.#said.clear()
    this.#askedAtMs.clear()
    this.#deps.presence.announce(null)
  }

  async #load(signal: AbortSignal): Promise<void> {
    const own = new AnnouncedSet()
    const arrived = new Map<BlobHash, boolean>()
    this.#arrived = arrived
    for await (const page of this.#deps.state.read(prefixRange('led/'), { signal })) {
      for (const { value } of page) {
        const entry = readLedgerEntry(value)
        if (entry?.local === 'present') own.set(entry.hash, true)
      }
    }
    for (const [hash, isHere] of arrived) own.set(hash, isHere)
    this.#arrived = undefined
    this.#own = own
  }

  #soon(): void {
    if (this.#isComparing) return
    this.#cancelTimer?.()
    this.#in(TOGETHER_MS)
  }

  #in(waitMs: number): void {
    if (this.#leading === undefined) return
    this.#cancelTimer = this.#deps.clock.timer(waitMs, () => {
      this.#cancelTimer = undefined
      void this.#round()
    })
  }

  async #round(): Promise<void> {
    const leading = this.#leading
    if (leading === undefined) return
    const { presence, remotes } = this.#deps
    this.#isComparing = true
    const before = this.#own.digest.toHex()
    const heard = presence.peers()
    presence.announce({ type: 'browser', ...this.#own.announcement() })
    const done = await Promise.all(remotes.map((remote) => this.#attempt(remote, saidBy(remote, heard), leading)))
    this.#isComparing = false
    // Something was told while it compared.
    const now = presence.peers()
    if (before !== this.#own.digest.toHex() || heard.length !== now.length || heard.some((one, at) => now[at] !== one)) this.#soon()
    else if (done.includes(false)) this.#in(AGAIN_MS)
  }

  /** Answers whether nothing is left to look at. */
  async #attempt(remote: BlobProvider, voices: readonly BlobAwareness[], signal: AbortSignal): Promise<boolean> {
    try {
      return await this.#compare(remote, voices, signal)
    } catch (error) {
      if (!signal.aborted) this.#deps.logger.info('comparing with a server failed', { error: String(error) })
      return false
    }
  }

  /** Where several speak for one server, what any says to have is tried, and what all say to lack is sent. */
  async #compare(remote: BlobProvider, voices: readonly BlobAwareness[], signal: AbortSignal): Promise<boolean> {
    const { remoteId } = remote
    const known = this.#known.get(remoteId)
    const owed = this.#deps.owedTo(remoteId).filter((hash) => this.#own.has(hash))
    const differences: Difference[] = []
    for (const said of voices) if (known !== undefined) differences.push(await known.difference(said, this.#own, owed, signal))
    const missing = new Set(differences.flatMap((one) => one.missing))
    this.#said.set(remoteId, missing)
    for (const hashes of chunksOf([...missing])) await this.#fetchMissing(hashes)
    for (const hashes of chunksOf(common(differences.map((one) => one.lacking)))) await this.#sendLacking(remote, hashes, signal)
    return differences.every(({ isWhole }) => isWhole)
  }

  async #fetchMissing(hashes: readonly BlobHash[]): Promise<void> {
    const { fetch, state } = this.#deps
    if (fetch === undefined) return
    const values = await state.get(hashes.map(ledgerKey))
    const wanted = hashes.filter((_, at) => isToFetch(readLedgerEntry(values[at])))
    fetch(wanted.map((hash) => ({ hash, sizeBytes: undefined, type: '' })))
  }

  /** What it says is not enough: bytes go to those who lack them in truth. */
  async #sendLacking(remote: BlobProvider, hashes: readonly BlobHash[], signal: AbortSignal): Promise<void> {
    const values = await this.#deps.state.get(hashes.map(ledgerKey))
    const asked = hashes.filter((hash, at) => isToAsk(readLedgerEntry(values[at]), remote.remoteId) && this.#mayAsk(remote.remoteId, hash))
    if (asked.length === 0) return
    const stats = await remote.stat(asked, { signal })
    await this.#record(remote.remoteId, asked, stats)
  }

  #mayAsk(remoteId: string, hash: BlobHash): boolean {
    const nowMs = this.#deps.clock.monotonicMs()
    const times = this.#askedAtMs.get(remoteId) ?? new Map<BlobHash, number>()
    this.#askedAtMs.set(remoteId, times)
    if (nowMs - (times.get(hash) ?? -Infinity) < ASK_AGAIN_MS) return false
    times.set(hash, nowMs)
    return true
  }

  #record(remoteId: string, hashes: readonly BlobHash[], stats: readonly RemoteStat[]): Promise<void> {
    const { references, state } = this.#deps
    return state.update(hashes.map(ledgerKey), (get) => {
      const ops = hashes.flatMap((hash, at) => {
        const before = readLedgerEntry(get(ledgerKey(hash)))
        if (before === undefined || !isToAsk(before, remoteId)) return []
        const after = told(before, remoteId, stats[at], references.count(hash) > 0)
        return after === before ? [] : ledgerOps(after)
      })
      return { ops, result: undefined }
    }, { durability: 'relaxed' })
  }
}

/** A claim keeps the bytes until a server has them, whatever becomes of the rows that name them. */
function told(entry: LedgerEntry, remoteId: string, stat: RemoteStat | undefined, referenced: boolean): LedgerEntry {
  if (stat?.is === 'stored') return afterAdoption(withRemote(entry, remoteId, 'statStored', referenced), referenced)
  if (stat?.is !== 'absent') return entry
  return withAdoption(withRemote(entry, remoteId, 'statAbsent', referenced), { remoteIds: [remoteId] }, referenced)
}

function saidBy(remote: BlobProvider, heard: readonly BlobAwareness[]): readonly BlobAwareness[] {
  return heard.filter((peer) => peer.type === 'server' && announcedAs(peer.url, remote.remoteId)).slice(-VOICES)
}

function common(lists: readonly (readonly BlobHash[])[]): readonly BlobHash[] {
  const [first = [], ...others] = lists
  const sets = others.map((list) => new Set(list))
  return first.filter((hash) => sets.every((set) => set.has(hash)))
}

function* chunksOf(hashes: readonly BlobHash[]): Generator<readonly BlobHash[], void, undefined> {
  for (let from = 0; from < hashes.length; from += AT_ONCE) yield hashes.slice(from, from + AT_ONCE)
}
