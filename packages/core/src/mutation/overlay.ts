import { hashesOf, hasOverlay, rowKey, type MutationRecord } from '../model/mutation.ts'
import type { BlobHash } from '../wire/blob-hash.ts'
import type { MutationOp, RowWire } from '../wire/mutation-wire.ts'
import type { Enqueued } from './enqueue.ts'

/** A write of this tab from the call until its record shows up in the queue: what makes a row appear at once. */
export interface Draft {
  readonly op: MutationOp
  /** Set by the commit; the draft stays until the queue of this tab has caught up with it. */
  enqueued: Enqueued | undefined
}

/** One write laid over a row. `provisional`: a crash of this tab would still undo it. */
export interface Layer {
  readonly kind: MutationOp['kind']
  readonly values: RowWire
  readonly provisional: boolean
}

/** What this tab knows of the queue while it decides whether a draft is still needed. */
export interface QueueView {
  readonly mutations: ReadonlyMap<number, MutationRecord>
  readonly queuedSoFar: number
  /** There is a record that this code cannot read. */
  isAside(seq: number): boolean
}

/** Which writes lie over which row: the durable queue in its order, then this tab's drafts. */
export class Overlay {
  readonly #records: Map<number, MutationRecord> = new Map()
  readonly #seqsByRow: Map<string, Set<number>> = new Map()
  readonly #draftsByRow: Map<string, Draft[]> = new Map()
  /** How many queued writes name a blob, also where another write lies over theirs. */
  readonly #naming: Map<BlobHash, number> = new Map()

  /** Takes a record as it is now (`undefined`: gone). Answers the rows that look different, by table and id. */
  setRecord(seq: number, record: MutationRecord | undefined): readonly MutationOp[] {
    const before = this.#records.get(seq)
    for (const hash of hashesOf(record?.ops ?? [])) this.#naming.set(hash, this.naming(hash) + 1)
    for (const hash of hashesOf(before?.ops ?? [])) this.#unname(hash)
    for (const op of before?.ops ?? []) this.#seqsByRow.get(rowKey(op.table, op.rowId))?.delete(seq)
    if (record === undefined) this.#records.delete(seq)
    else this.#records.set(seq, record)
    for (const op of record?.ops ?? []) {
      const key = rowKey(op.table, op.rowId)
      const seqs = this.#seqsByRow.get(key) ?? new Set()
      this.#seqsByRow.set(key, seqs.add(seq))
    }
    return [...(before?.ops ?? []), ...(record?.ops ?? [])]
  }

  /** How many queued writes name these bytes. */
  naming(hash: BlobHash): number {
    return this.#naming.get(hash) ?? 0
  }

  /** As it was taken last. */
  record(seq: number): MutationRecord | undefined {
    return this.#records.get(seq)
  }

  clearRecords(): readonly MutationOp[] {
    const ops = [...this.#records.values()].flatMap((record) => record.ops)
    this.#records.clear()
    this.#seqsByRow.clear()
    this.#naming.clear()
    return ops
  }

  addDraft(op: MutationOp): Draft {
    const draft: Draft = { op, enqueued: undefined }
    const key = rowKey(op.table, op.rowId)
    this.#draftsByRow.set(key, [...(this.#draftsByRow.get(key) ?? []), draft])
    return draft
  }

  /** Takes the final values (hashes instead of provisional names) in the draft's place. */
  replaceDraft(draft: Draft, op: MutationOp): Draft {
    const next: Draft = { op, enqueued: draft.enqueued }
    this.#edit(draft.op, (drafts) => drafts.map((one) => (one === draft ? next : one)))
    return next
  }

  removeDraft(draft: Draft): void {
    this.#edit(draft.op, (drafts) => drafts.filter((one) => one !== draft))
  }

  /** Drops the drafts that the queue shows by now (or has shown and lost again). Answers their rows. */
  dropSettledDrafts(view: QueueView): readonly MutationOp[] {
    const dropped: MutationOp[] = []
    for (const drafts of [...this.#draftsByRow.values()]) {
      for (const draft of drafts) {
        if (draft.enqueued === undefined || !isVisible(draft.enqueued, view)) continue
        this.removeDraft(draft)
        dropped.push(draft.op)
      }
    }
    return dropped
  }

  layers(table: string, rowId: string): readonly Layer[] {
    const key = rowKey(table, rowId)
    const layers: Layer[] = []
    for (const seq of [...(this.#seqsByRow.get(key) ?? [])].sort((a, b) => a - b)) {
      const record = this.#records.get(seq)
      if (record === undefined || !hasOverlay(record.state)) continue
      for (const op of record.ops) {
        if (op.table === table && op.rowId === rowId) layers.push({ kind: op.kind, values: op.values, provisional: false })
      }
    }
    for (const { op } of this.#draftsByRow.get(key) ?? []) layers.push({ kind: op.kind, values: op.values, provisional: true })
    return layers
  }

  /** The last queued write of a row, if it is about this row alone. */
  lastRecord(table: string, rowId: string): MutationRecord | undefined {
    const seqs = [...(this.#seqsByRow.get(rowKey(table, rowId)) ?? [])]
    return seqs.length === 0 ? undefined : this.#records.get(Math.max(...seqs))
  }

  #unname(hash: BlobHash): void {
    const left = this.naming(hash) - 1
    if (left > 0) this.#naming.set(hash, left)
    else this.#naming.delete(hash)
  }

  #edit(op: MutationOp, edit: (drafts: readonly Draft[]) => Draft[]): void {
    const key = rowKey(op.table, op.rowId)
    const next = edit(this.#draftsByRow.get(key) ?? [])
    if (next.length === 0) this.#draftsByRow.delete(key)
    else this.#draftsByRow.set(key, next)
  }
}

function isVisible(enqueued: Enqueued, view: QueueView): boolean {
  const record = view.mutations.get(enqueued.seq)
  if (record !== undefined) return enqueued.id !== undefined && record.revision >= enqueued.revision
  // Not in the queue: gone again, or not there yet. A first revision is there once the counter has passed it.
  return enqueued.revision > 0 || view.queuedSoFar >= enqueued.seq
}
