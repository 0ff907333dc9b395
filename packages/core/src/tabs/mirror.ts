import { delay } from '../environment/delay.ts'
import type { LedgerEntry } from '../model/ledger-entry.ts'
import type { MutationRecord } from '../model/mutation.ts'
import { NOTHING_PAUSED, type Paused } from '../model/paused.ts'
import type { Logger } from '../provider/context.ts'
import type { Clock } from '../provider/environment.ts'
import type { StateChange, StateEntry, StateStore } from '../provider/state-store.ts'
import { BORN_KEY, LEASE_KEY, ledgerKey, MUTATION_SEQ_KEY, mutationKey, prefixRange, readKey } from '../state/keys.ts'
import {
  ledgerAside, mutationAside, readAdmitted, readLease, readLedgerEntry, readLine, readMutation, readPaused, readSendNow, type Aside,
} from '../state/records.ts'
import { blobHashFromHex, type BlobHash } from '../wire/blob-hash.ts'
import type { RowWire } from '../wire/mutation-wire.ts'
import { Pulse } from './pulse.ts'

/** What changed in state, decoded. All of it belongs to one snapshot. `reset`: the mirror was filled anew. */
export interface MirrorChange {
  /** Set when state was removed behind our back: what no server had, as this tab saw it last. */
  readonly lost: Unsent | undefined
  readonly reset: boolean
  /** Somebody signs out: nothing is written any more. */
  readonly signedOut: boolean
  readonly rows: readonly { readonly table: string; readonly rowId: string; readonly row: RowWire | undefined }[]
  readonly mutations: readonly { readonly seq: number; readonly record: MutationRecord | undefined }[]
  readonly ledger: readonly { readonly hash: BlobHash; readonly entry: LedgerEntry | undefined }[]
  /** Records of use and of priority, as they are stored. They are not read at start. */
  readonly cache: readonly StateEntry[]
}

/** How much was on its way to servers. */
export interface Unsent {
  readonly mutations: number
  readonly uploads: number
}

const OWED: ReadonlySet<string> = new Set(['owed', 'uploading', 'parked'])
const RETRY_MS = 1_000

/**
 * This tab's picture of state: the queue, and the ledger entries that have work. Rows are passed on to the row store.
 * It follows the state's own feed, for our writes as for other tabs', so there is one way in which anything becomes visible.
 */
export class Mirror {
  readonly mutations: Map<number, MutationRecord> = new Map()
  readonly ledger: Map<BlobHash, LedgerEntry> = new Map()
  /** The highest place in the queue that was ever given, as far as this picture goes. */
  queuedSoFar = 0
  /** How many bytes were ever queued, as far as this picture goes. */
  admittedSoFar = 0
  /** Who leads, and what those in line ask, as far as this picture goes. */
  readonly pulse: Pulse = new Pulse()
  paused: Paused = NOTHING_PAUSED
  /** What the person has sent off, where nothing goes by itself. */
  sendNow: ReadonlySet<BlobHash> = new Set()
  /** Keys of records that this code cannot read, and leaves where they are. */
  readonly aside: Map<string, Aside> = new Map()
  /** References that lost a conflict, as they are stored. */
  superseded: unknown
  readonly #state: StateStore
  readonly #clock: Clock
  readonly #logger: Logger
  readonly #onChange: (change: MirrorChange) => void
  #born: unknown
  readonly #onceChanged: Set<() => void> = new Set()

  constructor(options: { readonly state: StateStore; readonly clock: Clock; readonly logger: Logger; readonly onChange: (change: MirrorChange) => void }) {
    this.#state = options.state
    this.#clock = options.clock
    this.#logger = options.logger
    this.#onChange = options.onChange
  }

  /** Follows until aborted. A broken feed is opened again, from the beginning. */
  async run(signal: AbortSignal, onFailure: (error: unknown) => void): Promise<void> {
    while (!signal.aborted) {
      try {
        for await (const change of this.#state.watch(undefined, { signal })) await this.#take(change, signal)
        if (signal.aborted) return
        // Rejects with the reason when another tab has erased everything.
        await this.#state.get([LEASE_KEY])
        throw new Error('the state feed ended')
      } catch (error) {
        if (signal.aborted) return
        onFailure(error)
        this.#logger.warn('state feed failed, opening it again', { error: String(error) })
        await delay(this.#clock, RETRY_MS, signal).catch(() => undefined)
      }
    }
  }

  /** Resolves when this picture has everything that was queued before the call, in any tab. */
  async caughtUp(signal: AbortSignal): Promise<void> {
    const [queued] = await this.#state.get([MUTATION_SEQ_KEY])
    while (typeof queued === 'number' && queued > this.queuedSoFar) {
      signal.throwIfAborted()
      const changed = Promise.withResolvers<void>()
      this.#onceChanged.add(changed.resolve)
      const stop = (): void => changed.reject(signal.reason)
      signal.addEventListener('abort', stop, { once: true })
      await changed.promise.finally(() => signal.removeEventListener('abort', stop))
    }
  }

  isAside(seq: number): boolean {
    return this.aside.has(mutationKey(seq))
  }

  /** Queued writes in their order. */
  queue(): readonly MutationRecord[] {
    return [...this.mutations.values()].sort((a, b) => a.seq - b.seq)
  }

  async #take(change: StateChange, signal: AbortSignal): Promise<void> {
    // Ranges are deleted only by clean-ups of whole tables, which are rare: reading anew is simpler than knowing what they held.
    const anew = 'reset' in change || change.deletedRanges.length > 0
    this.#apply(anew ? await this.#readAll(signal) : change.entries, anew)
  }

  async #readAll(signal: AbortSignal): Promise<readonly StateEntry[]> {
    const entries: StateEntry[] = []
    // The counter first: a write that it counts is then never missing from the queue read after it.
    for (const prefix of ['meta/', 'mut/', 'base/']) {
      for await (const page of this.#state.read(prefixRange(prefix), { signal })) entries.push(...page)
    }
    for await (const page of this.#state.read(prefixRange('owed/'), { signal })) {
      const keys = page.map((entry) => ledgerKey(blobHashFromHex(entry.key.slice('owed/'.length))))
      const values = await this.#state.get(keys)
      keys.forEach((key, index) => entries.push({ key, value: values[index] }))
    }
    return entries
  }

  #apply(entries: readonly StateEntry[], reset: boolean): void {
    const lost = reset ? this.#lostSince(entries.find(({ key }) => key === BORN_KEY)?.value) : undefined
    if (reset) {
      this.mutations.clear()
      this.ledger.clear()
      this.aside.clear()
      this.paused = NOTHING_PAUSED
      this.sendNow = new Set()
      this.superseded = undefined
      if (lost !== undefined) this.pulse.leaseSeen(undefined)
    }
    const rows: MirrorChange['rows'][number][] = []
    const mutations: MirrorChange['mutations'][number][] = []
    const ledger: MirrorChange['ledger'][number][] = []
    const cache: StateEntry[] = []
    let signedOut = false
    for (const { key, value } of entries) {
      const meaning = readKey(key)
      if (meaning?.of === 'row') rows.push({ table: meaning.table, rowId: meaning.rowId, row: value as RowWire | undefined })
      else if (meaning?.of === 'mutation') mutations.push({ seq: meaning.seq, record: this.#mutation(meaning.seq, value) })
      else if (key === BORN_KEY) this.#born = value
      else if (meaning?.of === 'mutationSeq') this.queuedSoFar = typeof value === 'number' ? value : 0
      else if (meaning?.of === 'admitted') this.admittedSoFar = readAdmitted(value)
      else if (meaning?.of === 'signOut') signedOut = value !== undefined
      else if (meaning?.of === 'paused') this.paused = readPaused(value)
      else if (meaning?.of === 'sendNow') this.sendNow = readSendNow(value)
      else if (meaning?.of === 'superseded') this.superseded = value
      else if (meaning?.of === 'lease') this.pulse.leaseSeen(readLease(value))
      else if (meaning?.of === 'line') this.pulse.lineSeen(readLine(value))
      else if (meaning?.of === 'use' || meaning?.of === 'priority') cache.push({ key, value })
      else if (meaning?.of === 'ledger') ledger.push({ hash: meaning.hash, entry: this.#entry(meaning.hash, value) })
    }
    this.#onChange({ reset, lost, signedOut, rows, mutations, ledger, cache })
    for (const tell of [...this.#onceChanged]) tell()
    this.#onceChanged.clear()
  }

  #mutation(seq: number, value: unknown): MutationRecord | undefined {
    const record = readMutation(value)
    this.#noteAside(mutationKey(seq), mutationAside(value))
    if (record === undefined) this.mutations.delete(seq)
    else this.mutations.set(seq, record)
    return record
  }

  #entry(hash: BlobHash, value: unknown): LedgerEntry | undefined {
    const entry = readLedgerEntry(value)
    this.#noteAside(ledgerKey(hash), ledgerAside(value))
    if (entry === undefined) this.ledger.delete(hash)
    else this.ledger.set(hash, entry)
    return entry
  }

  /** Called before the picture is made anew. */
  #lostSince(born: unknown): Unsent | undefined {
    const before = this.#born
    this.#born = born
    if (before === undefined || before === born) return undefined
    const uploads = [...this.ledger.values()].filter(({ remotes }) => Object.values(remotes).some(({ state }) => OWED.has(state))).length
    return { mutations: [...this.mutations.values()].filter(({ state }) => state.is !== 'applied').length, uploads }
  }

  #noteAside(key: string, aside: Aside | undefined): void {
    if (aside === undefined) {
      this.aside.delete(key)
      return
    }
    if (this.aside.get(key) !== aside) this.#logger.warn('a record is kept aside', { key, aside })
    this.aside.set(key, aside)
  }
}
