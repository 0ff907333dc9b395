import type { BseError } from './errors.ts'
import { hasWork } from './ledger/entry.ts'
import type { LedgerEntry } from './model/ledger-entry.ts'
import type { MutationRecord } from './model/mutation.ts'
import { isPaused } from './model/paused.ts'
import { waitingOf, type OrderFacts } from './mutation/order.ts'
import type { CacheStore } from './provider/cache-store.ts'
import type { StateStore } from './provider/state-store.ts'
import { LEASE_KEY, prefixRange } from './state/keys.ts'
import { readLease, readLedgerEntry } from './state/records.ts'
import type { Mirror } from './tabs/mirror.ts'

/**
 * What an engine is doing, to be sent along with a report of a problem. Plain JSON. It has ids, hashes, sizes, names of tables and columns,
 * states and codes; no values of rows, no file names, no messages, no credentials, no checkpoints of uploads.
 */
export interface DebugReport {
  readonly name: string
  readonly atMs: number
  readonly tab: { readonly id: string; readonly leads: boolean; readonly online: boolean; readonly error: string | null }
  readonly leader: { readonly epoch: number; readonly tabId: string } | null
  readonly storage: {
    readonly state: { readonly name: string; readonly durable: boolean }
    readonly cache: { readonly name: string; readonly durable: boolean }
    readonly queuedBytes: number
  }
  readonly paused: { readonly all: boolean; readonly ids: readonly string[] }
  /** In order. */
  readonly queue: readonly DebugWrite[]
  /** Blobs that have work, up to a thousand, and how many there are of all, by what is known of them. */
  readonly ledger: { readonly entries: readonly DebugBlob[]; readonly counts: Readonly<Record<string, number>> }
  /** Records that this code cannot read, by key. */
  readonly keptAside: Readonly<Record<string, string>>
}

export interface DebugWrite {
  readonly id: string
  readonly seq: number
  readonly state: string
  readonly isPaused: boolean
  readonly attempts: number
  readonly failures: number
  readonly nextAtMs: number
  readonly createdAtMs: number
  readonly code: string | null
  readonly ops: readonly { readonly kind: string; readonly table: string; readonly rowId: string; readonly columns: readonly string[] }[]
  readonly waitsFor: { readonly blobs: readonly string[]; readonly mutations: readonly string[] }
}

export interface DebugBlob {
  readonly hash: string
  readonly sizeBytes: number
  readonly type: string
  readonly local: string
  readonly isInline: boolean
  readonly claims: readonly string[]
  readonly remotes: readonly {
    readonly remote: string
    readonly state: string
    readonly attempts: number
    readonly failures: number
    readonly nextAtMs: number
    readonly hasCheckpoint: boolean
    readonly code: string | null
  }[]
}

export interface DebugDeps {
  readonly name: string
  readonly nowMs: () => number
  readonly tabId: string
  readonly state: StateStore
  readonly cache: CacheStore
  readonly mirror: Mirror
  readonly facts: OrderFacts
  readonly status: () => { readonly leads: boolean; readonly online: boolean; readonly error: BseError | undefined }
  readonly queuedBytes: () => number
}

const MAX_ENTRIES = 1_000

export async function debugReport(deps: DebugDeps): Promise<DebugReport> {
  const { name, nowMs, tabId, state, cache, mirror, facts, status, queuedBytes } = deps
  const [stored] = await state.get([LEASE_KEY])
  const lease = readLease(stored)
  const { leads, online, error } = status()
  const queue = mirror.queue()
  const waiting = waitingOf(queue, facts)
  return {
    name, atMs: nowMs(), tab: { id: tabId, leads, online, error: error?.code ?? null },
    leader: lease === undefined ? null : { epoch: lease.epoch, tabId: lease.tabId },
    storage: { state: { name: state.name, durable: state.durable }, cache: { name: cache.name, durable: cache.durable }, queuedBytes: queuedBytes() },
    paused: { all: mirror.paused.all, ids: mirror.paused.ids },
    queue: queue.map((record) => debugWrite(record, waiting.get(record.id), isPaused(mirror.paused, record.id))),
    ledger: await debugLedger(state),
    keptAside: Object.fromEntries(mirror.aside),
  }
}

function debugWrite(record: MutationRecord, waiting: DebugWaiting | undefined, paused: boolean): DebugWrite {
  const { id, seq, state, attempts, failures, nextAtMs, createdAtMs, ops } = record
  return {
    id, seq, state: state.is, isPaused: paused, attempts, failures, nextAtMs, createdAtMs, code: state.is === 'parked' ? state.reason.code : null,
    ops: ops.map(({ kind, table, rowId, values }) => ({ kind, table, rowId, columns: Object.keys(values) })),
    waitsFor: { blobs: waiting?.forBlobs ?? [], mutations: waiting?.forMutations ?? [] },
  }
}

interface DebugWaiting {
  readonly forBlobs: readonly string[]
  readonly forMutations: readonly string[]
}

async function debugLedger(state: StateStore): Promise<DebugReport['ledger']> {
  const entries: DebugBlob[] = []
  const counts: Record<string, number> = {}
  for await (const page of state.read(prefixRange('led/'))) {
    for (const { value } of page) {
      const entry = readLedgerEntry(value)
      if (entry === undefined) continue
      const remotes = Object.values(entry.remotes).map((remote) => remote.state)
      const what = [entry.local, ...remotes].join(' ')
      counts[what] = (counts[what] ?? 0) + 1
      if (hasWork(entry) && entries.length < MAX_ENTRIES) entries.push(debugBlob(entry))
    }
  }
  return { entries, counts }
}

function debugBlob({ hash, sizeBytes, type, local, inline, claims, remotes }: LedgerEntry): DebugBlob {
  return {
    hash, sizeBytes, type, local, isInline: inline, claims,
    remotes: Object.entries(remotes).map(([remote, { state, attempts, failures, nextAtMs, checkpoint, reason }]) => ({
      remote: withoutSecrets(remote), state, attempts, failures, nextAtMs, hasCheckpoint: checkpoint !== undefined, code: reason?.code ?? null,
    })),
  }
}

/** A remote may be called by its URL. */
function withoutSecrets(remote: string): string {
  return remote.replace(/\/\/[^/@]*@/, '//').replace(/[?#].*$/s, '')
}
