import { remoteOf } from './ledger/entry.ts'
import type { LedgerEntry } from './model/ledger-entry.ts'
import type { MutationRecord } from './model/mutation.ts'
import { isPaused, type Paused } from './model/paused.ts'
import type { Waiting } from './mutation/order.ts'
import type { BlobHash } from './wire/blob-hash.ts'

/** What is pending, as this tab sees it. */
export interface FlushView {
  readonly ledger: ReadonlyMap<BlobHash, LedgerEntry>
  readonly queue: readonly MutationRecord[]
  readonly waiting: ReadonlyMap<string, Waiting>
  readonly paused: Paused
  readonly remoteId: string
  readonly online: boolean
  /** The network of now is none to send bytes over: what has not begun will not begin. */
  readonly costs: boolean
  /** Somebody is deciding an open conflict right now. */
  readonly isDeciding: (record: MutationRecord) => boolean
}

/** How often an item had failed when the run began. */
type Failures = ReadonlyMap<string, number>

interface Run {
  readonly failures: Failures
  /** The rows cannot be reached at all: no write will go anywhere now. */
  hasNoRows: boolean
  readonly end: () => void
}

/** Runs that somebody waits for. A run is over when everything that was pending is sent, or cannot go on by itself now. */
export class Flushes {
  readonly #runs: Set<Run> = new Set()
  readonly #view: () => FlushView

  constructor(view: () => FlushView) {
    this.#view = view
  }

  /** Resolves at the end of a run that begins now. */
  begin(signal: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      const stop = (): void => {
        this.#runs.delete(run)
        signal.removeEventListener('abort', onAbort)
      }
      const run: Run = { failures: failuresOf(this.#view()), hasNoRows: false, end: () => (stop(), resolve()) }
      const onAbort = (): void => (stop(), reject(signal.reason))
      if (signal.aborted) return onAbort()
      signal.addEventListener('abort', onAbort, { once: true })
      this.#runs.add(run)
      this.changed()
    })
  }

  /** Something pending changed. */
  changed(): void {
    if (this.#runs.size === 0) return
    const view = this.#view()
    for (const run of [...this.#runs]) if (isOver(view, run)) run.end()
  }

  rowsFailed(): void {
    for (const run of this.#runs) run.hasNoRows = true
    this.changed()
  }
}

function failuresOf({ ledger, queue, remoteId }: FlushView): Failures {
  const failures = new Map<string, number>()
  for (const [hash, entry] of ledger) if (isUnsent(entry, remoteId)) failures.set(hash, remoteOf(entry, remoteId).failures)
  for (const record of queue) failures.set(record.id, record.failures)
  return failures
}

function isUnsent(entry: LedgerEntry, remoteId: string): boolean {
  const { state } = remoteOf(entry, remoteId)
  return state === 'owed' || state === 'uploading'
}

function isOver(view: FlushView, { failures, hasNoRows }: Run): boolean {
  const { ledger, queue, waiting, paused, remoteId, online, costs, isDeciding } = view
  const stuck = new Set<string>()
  for (const [hash, entry] of ledger) {
    if (!failures.has(hash) || !isUnsent(entry, remoteId)) {
      if (remoteOf(entry, remoteId).state === 'parked') stuck.add(hash)
      continue
    }
    const isTried = remoteOf(entry, remoteId).failures > (failures.get(hash) ?? 0)
    const isHeldBack = isPaused(paused, hash) || (costs && remoteOf(entry, remoteId).state === 'owed')
    if (!isTried && !isHeldBack && entry.local === 'present') return false
    stuck.add(hash)
  }
  for (const record of queue) {
    const { forBlobs, forMutations } = waiting.get(record.id) ?? { forBlobs: [], forMutations: [] }
    const isHeldBack = [...forBlobs, ...forMutations].some((id) => stuck.has(id)) || isPaused(paused, record.id)
    const isTried = record.failures > (failures.get(record.id) ?? Infinity) || hasNoRows
    if (isDone(record, online)) continue
    stuck.add(record.id)
    if (failures.has(record.id) && !isHeldBack && !isTried && (!waitsForPerson(record) || isDeciding(record))) return false
  }
  return true
}

/** A server has it; or a replica has, whose server is away. */
function isDone({ state }: MutationRecord, online: boolean): boolean {
  return state.is === 'applied' || (state.is === 'handed' && !online)
}

function waitsForPerson({ state }: MutationRecord): boolean {
  return state.is === 'parked' || state.is === 'conflict'
}
