import type { Ingested, IngestResult } from '../cache/ingest.ts'
import type { References } from '../ledger/ledger.ts'
import { isProvisional, uuidV7, type IdSource } from '../model/ids.ts'
import { claimedHashes, rowKey } from '../model/mutation.ts'
import type { StateStore } from '../provider/state-store.ts'
import type { DurabilityPolicy } from '../ledger/entry.ts'
import type { BlobHash } from '../wire/blob-hash.ts'
import { blobNamedBy, type BlobRef } from '../wire/blob-ref.ts'
import { isJsonObject, type Json } from '../wire/json.ts'
import type { MutationOp, RowWire } from '../wire/mutation-wire.ts'
import { enqueue, type Enqueue, type Enqueued, type QueueRoom } from './enqueue.ts'
import type { OrderFacts } from './order.ts'
import type { Draft, Overlay } from './overlay.ts'
import { ProvisionalBlobs } from './provisional.ts'
import { insertNeverHappened, RowChain, type ChainedRow } from './row-chain.ts'

/** A validated write, as the collection hands it over. */
export interface WriteRequest {
  readonly kind: MutationOp['kind']
  readonly table: string
  readonly rowId: string
  readonly values: RowWire
  readonly blobs: readonly { readonly column: string; readonly blob: Blob; readonly type: string; readonly name: string | undefined; readonly asHash: boolean }[]
  /** The row as the person saw it; `undefined` when there was none. */
  readonly seen: RowWire | undefined
}

/** A write that may be queued. */
export interface Admitted extends QueueRoom {
  /** Asked again once it is known what is queued. @throws BseError `QUEUE_FULL`. */
  confirm(): void
  /** It was queued, or will not be. */
  end(enqueued: Enqueued | undefined): void
}

export interface WriterDeps {
  /** @throws BseError when these writes may not be queued: then nothing of them is shown or stored. */
  readonly admit: (requests: readonly WriteRequest[]) => Admitted
  readonly state: StateStore
  readonly references: References
  readonly policy: DurabilityPolicy
  readonly ids: IdSource
  readonly overlay: Overlay
  readonly queuedSoFar: () => number
  readonly refColumns: OrderFacts['refColumns']
  readonly ingest: (sources: readonly Blob[], signal: AbortSignal) => Promise<IngestResult>
  /** Does something that stores; when the device is full it makes room and tries once more. @throws BseError `STORAGE_FULL`. */
  readonly inRoom: <T>(neededBytes: number, work: () => Promise<T>) => Promise<T>
  /** Ends what a failed commit left staged. */
  readonly reclaim: (hash: BlobHash) => Promise<void>
  /** Rows look different: to be shown at once, and all of them together. */
  readonly onRowsChanged: (rows: readonly { readonly table: string; readonly rowId: string }[]) => void
  /** A provisional name has its hash: whoever shows it keeps showing the same bytes. */
  readonly onHashed: (provisional: string, hash: BlobHash) => void
  /** Waits until the engine knows what is stored; rejects when it was closed. */
  readonly opened: () => Promise<void>
}

export interface Write {
  /** Resolves when bytes and queue entry survive a crash. */
  readonly committed: Promise<Enqueued | undefined>
}

/** The bytes of one write on their way, and the provisional names that they have until then. */
interface Bringing {
  readonly ingesting: Promise<IngestResult>
  readonly committed: Promise<unknown>
  readonly names: string[]
}

/** Turns calls of the app into queued writes: shown at once, durable when `committed` resolves, taken back when it rejects. */
export class Writer {
  readonly provisional: ProvisionalBlobs = new ProvisionalBlobs()
  readonly #deps: WriterDeps
  readonly #chain: RowChain = new RowChain()

  constructor(deps: WriterDeps) {
    this.#deps = deps
  }

  /** Writes that belong together: one record, shown, stored and taken back as one. In the order given; a row may come more than once. */
  write(requests: readonly WriteRequest[]): Write {
    const { overlay, onRowsChanged } = this.#deps
    const admitted = this.#deps.admit(requests)
    const abort = new AbortController()
    const blobs = requests.flatMap((request) => request.blobs.map((one) => one.blob))
    const ingesting = this.#deps.opened().then(() => {
      admitted.confirm()
      return this.#deps.ingest(blobs, abort.signal)
    })
    const names: string[] = []
    const done = Promise.withResolvers<unknown>()
    const ops = this.#toOps(requests, { ingesting, committed: done.promise, names })
    const drafts = ops.map((op) => overlay.addDraft(op))
    onRowsChanged(ops)
    const final = Promise.all(ops.map((op) => this.#withTrueRefs(op, names)))
    // Its write reports it, unless the write fails before it for another reason.
    final.catch(() => undefined)
    const committed = this.#chain.run(
      rowsOf(ops), ops.length === 1 ? abort : undefined, () => this.#commit(drafts, ingesting, final, admitted), this.#refersTo(ops),
    )
    committed.then((enqueued) => admitted.end(enqueued), () => admitted.end(undefined))
    done.resolve(committed)
    done.promise.catch(() => undefined)
    const outcome = committed.catch((error: unknown) => {
      if (ops.length === 1 && ops[0]?.kind === 'delete' && insertNeverHappened(error)) return undefined
      throw error
    })
    const tidy = (): void => names.forEach((name) => this.provisional.remove(name))
    outcome.then(tidy, tidy)
    void committed.catch(() => this.#takeBack(drafts, ingesting))
    return { committed: outcome }
  }

  /** Each write builds on what those before it made of the row, with provisional `names` for the bytes. */
  #toOps(requests: readonly WriteRequest[], bringing: Bringing): readonly MutationOp[] {
    const rows: Map<string, RowWire | undefined> = new Map()
    return requests.map((request) => {
      const key = rowKey(request.table, request.rowId)
      const seen = rows.has(key) ? rows.get(key) : request.seen
      const refs = this.#provisionalRefs(request, bringing)
      const op = toOp({ ...request, seen }, { ...request.values, ...refs })
      rows.set(key, op.kind === 'delete' ? undefined : { ...seen, ...op.values })
      return op
    })
  }

  /** Bytes are ingested in the order of their names. */
  #provisionalRefs(request: WriteRequest, { ingesting, committed, names }: Bringing): RowWire {
    const refs: Record<string, Json> = {}
    for (const { column, blob, type, name, asHash } of request.blobs) {
      const index = names.length
      const hashed = ingesting.then(({ blobs }) => trueRef(blobs[index], type, name))
      const ref = this.provisional.add(this.#deps.ids, blob, name, hashed, committed)
      names.push(ref.hash)
      refs[column] = asHash ? ref.hash : ref
    }
    return refs
  }

  /** Asked at the call: behind a slow write of the same row, the names of others would be forgotten by then. */
  #withTrueRefs(op: MutationOp, own: readonly string[]): Promise<MutationOp> {
    const { values, previous } = op
    const seen = previous === null ? null : this.provisional.resolveSeen(previous, own)
    return Promise.all([this.provisional.resolve(values, own), seen]).then(([known, before]): MutationOp => ({ ...op, values: known, previous: before }))
  }

  async #commit(drafts: readonly Draft[], ingesting: Promise<IngestResult>, resolving: Promise<readonly MutationOp[]>, admitted: Admitted): Promise<Enqueued> {
    const ingested = await ingesting
    const ops = await resolving
    await ingested.publish()
    const { blobs } = ingested
    const id = uuidV7(this.#deps.ids)
    const enqueued = await this.#deps.inRoom(neededBytes(blobs), () => {
      return enqueue(this.#deps, { id, ops, blobs, mergeWith: this.#mergeable(ops), createdAtMs: this.#deps.ids.nowMs(), admitted })
    })
    ingested.release()
    drafts.forEach((draft, index) => {
      const final = ops[index] ?? draft.op
      this.#deps.overlay.replaceDraft(draft, final).enqueued = enqueued
      this.#announceHashes(draft.op.values, final.values)
    })
    this.#deps.onRowsChanged(ops)
    return enqueued
  }

  /** The write that a single one may become part of. */
  #mergeable(ops: readonly MutationOp[]): Enqueue['mergeWith'] {
    const [op] = ops
    const last = ops.length === 1 && op !== undefined ? this.#deps.overlay.lastRecord(op.table, op.rowId) : undefined
    if (last === undefined || op === undefined || this.#refersBeyond(op, last.seq)) return undefined
    return { seq: last.seq, queuedSoFar: this.#deps.queuedSoFar(), hashes: claimedHashes(last) }
  }

  /** The rows that `ref` columns of these writes name, by key. */
  #refersTo(ops: readonly MutationOp[]): readonly string[] {
    return ops.flatMap((op) => this.#deps.refColumns(op.table).flatMap(({ column, table }) => {
      const rowId = op.values[column]
      return typeof rowId === 'string' ? [rowKey(table, rowId)] : []
    }))
  }

  /** Whether it names a row that was written later than `seq`: in that earlier place it would be sent before the row. */
  #refersBeyond(op: MutationOp, seq: number): boolean {
    return this.#deps.refColumns(op.table).some(({ column, table }) => {
      const rowId = op.values[column]
      const last = typeof rowId === 'string' ? this.#deps.overlay.lastRecord(table, rowId) : undefined
      return last !== undefined && last.seq > seq
    })
  }

  #announceHashes(before: RowWire, after: RowWire): void {
    for (const [column, value] of Object.entries(before)) {
      const hash = blobNamedBy(after[column])
      const name = isJsonObject(value) ? value.hash : value
      if (hash !== undefined && typeof name === 'string' && isProvisional(name)) this.#deps.onHashed(name, hash)
    }
  }

  /** The rows go back to what they were; bytes that were published for nobody are removed. */
  async #takeBack(drafts: readonly Draft[], ingesting: Promise<IngestResult>): Promise<void> {
    for (const draft of drafts) this.#deps.overlay.removeDraft(draft)
    this.#deps.onRowsChanged(drafts.map(({ op }) => op))
    const ingested = await ingesting.catch(() => undefined)
    if (ingested === undefined) return
    await ingested.drop()
    const published = ingested.blobs.filter((blob) => blob.inlineBytes === undefined)
    await Promise.allSettled(published.map((blob) => this.#deps.reclaim(blob.hash)))
  }
}

/** What a commit writes beside small blobs is less than this. */
const RECORDS_BYTES = 16_384

function neededBytes(blobs: readonly Ingested[]): number {
  return blobs.reduce((sum, { inlineBytes }) => sum + (inlineBytes?.byteLength ?? 0), RECORDS_BYTES)
}

/** Each row once, with what is done to it first. */
function rowsOf(ops: readonly MutationOp[]): readonly ChainedRow[] {
  const rows: Map<string, ChainedRow> = new Map()
  for (const { table, rowId, kind } of ops) {
    const key = rowKey(table, rowId)
    if (!rows.has(key)) rows.set(key, { key, kind })
  }
  return [...rows.values()]
}

function toOp(request: WriteRequest, values: RowWire): MutationOp {
  const { kind, table, rowId, seen } = request
  if (kind === 'insert' || (kind === 'upsert' && seen === undefined)) return { kind, table, rowId, values, previous: null }
  const columns = kind === 'delete' ? Object.keys(seen ?? {}) : Object.keys(values)
  const previous = Object.fromEntries(columns.map((column) => [column, seen?.[column] ?? null]))
  return { kind, table, rowId, values: kind === 'delete' ? {} : values, previous }
}

function trueRef(blob: Ingested | undefined, type: string, name: string | undefined): BlobRef {
  if (blob === undefined) throw new Error('writer: a blob was not ingested')
  return { hash: blob.hash, sizeBytes: blob.sizeBytes, type, ...(name === undefined ? {} : { name }) }
}
