import { BseError } from './errors.ts'
import { remoteOf } from './ledger/entry.ts'
import type { LedgerEntry } from './model/ledger-entry.ts'
import type { MutationRecord } from './model/mutation.ts'
import type { Enqueued } from './mutation/enqueue.ts'
import type { Admitted, WriteRequest } from './mutation/writer.ts'
import type { Settings } from './option-table.ts'
import type { Mirror, MirrorChange } from './tabs/mirror.ts'

export interface AdmissionDeps {
  readonly settings: Settings
  readonly remoteId: string
  readonly online: () => boolean
  /** Whether it is known yet what is queued. */
  readonly isOpen: () => boolean
}

/** A write between its call and the moment when the queue of this tab shows it. */
interface UnderWay {
  readonly sizeBytes: number
  seq: number | undefined
}

/** Decides whether a write may be queued at all, before anything of it is shown or stored. */
export class Admission {
  readonly #deps: AdmissionDeps
  readonly #sizes: Map<string, number> = new Map()
  readonly #underWay: Set<UnderWay> = new Set()
  readonly #onEnd: Set<() => void> = new Set()
  #queuedBytes = 0
  #queuedSoFar = 0
  #admittedSoFar = 0

  constructor(deps: AdmissionDeps) {
    this.#deps = deps
  }

  /** What is queued by now, bytes and rows. */
  get queuedBytes(): number {
    return this.#queuedBytes
  }

  /** @throws BseError `OFFLINE`, `QUEUE_FULL`. */
  admit(requests: readonly WriteRequest[]): Admitted {
    const { settings, online, isOpen } = this.#deps
    const bringsBytes = requests.some(({ blobs }) => blobs.length > 0)
    const refusesOffline = !settings['offline.queueMutations'] || (!settings['offline.queueUploads'] && bringsBytes)
    if (refusesOffline && !online()) throw new BseError('OFFLINE', 'core.write: no server answers, and this is not to be queued', {})
    const own: UnderWay = { sizeBytes: sizeOf(requests), seq: undefined }
    this.#underWay.add(own)
    try {
      if (isOpen()) this.#assertRoom(own)
    } catch (error) {
      this.#underWay.delete(own)
      throw error
    }
    return {
      sizeBytes: own.sizeBytes,
      confirm: () => this.#assertRoom(own),
      assertRoomAfter: (admittedBytes) => this.#assertFits(own, own.sizeBytes + Math.max(0, admittedBytes - this.#admittedSoFar)),
      end: (enqueued) => this.#end(own, enqueued),
    }
  }

  /** Resolves when the writes that were called before are in the queue as this tab sees it, or were refused. */
  async written(signal: AbortSignal): Promise<void> {
    const before = [...this.#underWay]
    while (before.some((one) => this.#underWay.has(one))) {
      const changed = Promise.withResolvers<void>()
      this.#onEnd.add(changed.resolve)
      const stop = (): void => changed.reject(signal.reason)
      if (signal.aborted) stop()
      signal.addEventListener('abort', stop, { once: true })
      await changed.promise.finally(() => signal.removeEventListener('abort', stop))
    }
  }

  /** The queue as this tab sees it has changed. */
  take(change: MirrorChange, { queuedSoFar, admittedSoFar }: Pick<Mirror, 'queuedSoFar' | 'admittedSoFar'>): void {
    if (change.reset) {
      this.#sizes.clear()
      this.#queuedBytes = 0
    }
    for (const { seq, record } of change.mutations) this.#resize(`mut/${seq}`, record === undefined ? 0 : recordSize(record))
    for (const { hash, entry } of change.ledger) this.#resize(hash, entry === undefined ? 0 : owedSize(entry, this.#deps.remoteId))
    this.#queuedSoFar = queuedSoFar
    this.#admittedSoFar = admittedSoFar
    for (const one of this.#underWay) if (one.seq !== undefined && one.seq <= queuedSoFar) this.#forget(one)
  }

  #end(own: UnderWay, enqueued: Enqueued | undefined): void {
    own.seq = enqueued?.seq
    if (own.seq === undefined || own.seq <= this.#queuedSoFar) this.#forget(own)
  }

  #forget(one: UnderWay): void {
    this.#underWay.delete(one)
    for (const tell of [...this.#onEnd]) tell()
    this.#onEnd.clear()
  }

  #resize(key: string, sizeBytes: number): void {
    this.#queuedBytes += sizeBytes - (this.#sizes.get(key) ?? 0)
    if (sizeBytes === 0) this.#sizes.delete(key)
    else this.#sizes.set(key, sizeBytes)
  }

  /** Beside what is queued and what was called before it. A deletion needs no room: it is the way to get some. */
  #assertRoom(own: UnderWay): void {
    let neededBytes = 0
    for (const one of this.#underWay) {
      neededBytes += one.sizeBytes
      if (one === own) break
    }
    this.#assertFits(own, neededBytes)
  }

  #assertFits(own: UnderWay, neededBytes: number): void {
    const limitBytes = this.#deps.settings['offline.maxQueueSize']
    const queuedBytes = this.#queuedBytes
    if (own.sizeBytes === 0 || queuedBytes + neededBytes <= limitBytes) return
    throw new BseError('QUEUE_FULL', 'core.write: the queue is full', { neededBytes, queuedBytes, limitBytes })
  }
}

function sizeOf(requests: readonly WriteRequest[]): number {
  return requests.reduce((sum, { kind, values, blobs }) => {
    return kind === 'delete' ? sum : sum + JSON.stringify(values).length + blobs.reduce((bytes, { blob }) => bytes + blob.size, 0)
  }, 0)
}

function recordSize(record: MutationRecord): number {
  return record.ops.reduce((sum, { kind, values }) => (kind === 'delete' ? sum : sum + JSON.stringify(values).length), 0)
}

/** Bytes that are on this device because a server does not have them yet. */
function owedSize(entry: LedgerEntry, remoteId: string): number {
  return entry.claims.length > 0 && remoteOf(entry, remoteId).state !== 'stored' ? entry.sizeBytes : 0
}
