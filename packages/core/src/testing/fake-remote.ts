import type { BlobProvider, RemoteStat, UploadTask } from '../provider/blob-provider.ts'
import type { DataConnection, DataProvider, PushOutcome, RowChange } from '../provider/data-provider.ts'
import { BseError } from '../errors.ts'
import { hashBlob } from '../hash/index.ts'
import type { BlobHash } from '../wire/blob-hash.ts'
import { parseBlobRef } from '../wire/blob-ref.ts'
import type { Json } from '../wire/json.ts'
import type { MutationOp, MutationWire, RowWire } from '../wire/mutation-wire.ts'

/** What a test may do to a call on its way: throw before the server sees it, or after it took effect. */
export type Fault = (call: string) => 'pass' | 'fail-before' | 'fail-after'

/** The way of a call to the server. */
export interface FakeWire {
  call<T>(name: string, run: () => Promise<T>): Promise<T>
}

/** A server in memory: objects by hash, rows by table, each mutation id applied once. One object is one server, for any number of devices. */
export class FakeRemote implements FakeWire {
  readonly blobs: Map<BlobHash, Blob> = new Map()
  readonly rows: Map<string, RowWire> = new Map()
  readonly applied: string[] = []
  readonly uploads: BlobHash[] = []
  /** Every change of a row, oldest first: the stream that devices follow. */
  readonly log: { readonly change: RowChange; readonly mutationId: string | undefined }[] = []
  fault: Fault = () => 'pass'
  /** Compares the values that a write's person saw with the rows, and answers `conflict`. */
  comparesPrevious = false
  readonly #waiting: Set<() => void> = new Set()

  row(table: string, rowId: string): RowWire | undefined {
    return this.rows.get(`${table}/${rowId}`)
  }

  apply({ id, ops }: MutationWire): PushOutcome {
    if (this.applied.includes(id)) return { id, is: 'applied', token: null, durable: 'server' }
    this.applied.push(id)
    for (const op of ops) this.#applyOp(op, id)
    return { id, is: 'applied', token: null, durable: 'server' }
  }

  /** The first op whose row is not as its person saw it, and that row. Nothing when the id was applied already. */
  conflictIn({ id, ops }: MutationWire): { readonly at: number; readonly current: RowWire | null } | undefined {
    if (this.applied.includes(id)) return undefined
    const rows = new Map<string, RowWire | undefined>()
    for (const [at, op] of ops.entries()) {
      const key = `${op.table}/${op.rowId}`
      const current = rows.has(key) ? rows.get(key) : this.rows.get(key)
      if (op.previous !== null && Object.entries(op.previous).some(([column, value]) => !sameCell(current?.[column], value))) return { at, current: current ?? null }
      rows.set(key, op.kind === 'delete' ? undefined : { ...current, ...op.values })
    }
    return undefined
  }

  /** A change by somebody else. */
  write(op: MutationOp): void {
    this.#applyOp(op, undefined)
  }

  call<T>(name: string, run: () => Promise<T>): Promise<T> {
    return withFault(this.fault, name, run)
  }

  /** Resolves when the log grows beyond `length`, or when aborted. */
  grown(length: number, signal: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      if (this.log.length > length || signal.aborted) {
        resolve()
        return
      }
      const done = (): void => {
        this.#waiting.delete(done)
        signal.removeEventListener('abort', done)
        resolve()
      }
      this.#waiting.add(done)
      signal.addEventListener('abort', done, { once: true })
    })
  }

  #applyOp(op: MutationOp, mutationId: string | undefined): void {
    const key = `${op.table}/${op.rowId}`
    if (op.kind === 'delete') this.rows.delete(key)
    // Changing a row that is not there changes nothing, as in a database.
    else if (op.kind !== 'update' || this.rows.has(key)) this.rows.set(key, { ...this.rows.get(key), ...op.values })
    const row = this.rows.get(key)
    const where = { table: op.table, rowId: op.rowId }
    this.log.push({ change: row === undefined ? { kind: 'delete', ...where } : { kind: 'put', ...where, row }, mutationId })
    for (const wake of [...this.#waiting]) wake()
  }
}

/** Blob cells are compared by what they name. */
function sameCell(a: Json | undefined, b: Json | undefined): boolean {
  const plain = (cell: Json | undefined): string => JSON.stringify(parseBlobRef(cell)?.hash ?? cell ?? null)
  return plain(a) === plain(b)
}

/** @throws BseError `NETWORK` as the fault has it. */
export async function withFault<T>(fault: Fault, name: string, run: () => Promise<T>): Promise<T> {
  const verdict = fault(name)
  if (verdict === 'fail-before') throw cut(name)
  const result = await run()
  if (verdict === 'fail-after') throw cut(name)
  return result
}

function cut(name: string): BseError {
  return new BseError('NETWORK', `fake remote: ${name} was cut`, { status: undefined })
}

/** The bytes side of a fake server. Stores only what matches its hash. */
export function fakeBlobs(remote: FakeRemote, remoteId = 'fake:blobs', wire: FakeWire = remote): BlobProvider {
  const stat = (hash: BlobHash): RemoteStat => {
    const blob = remote.blobs.get(hash)
    return blob === undefined ? { is: 'absent' } : { is: 'stored', sizeBytes: blob.size }
  }
  const store = async ({ hash, blob }: UploadTask): Promise<void> => {
    const actual = await hashBlob(blob)
    if (actual !== hash) throw new BseError('HASH_MISMATCH', 'fake remote: other bytes', { expected: hash, actual })
    remote.uploads.push(hash)
    remote.blobs.set(hash, blob)
  }
  return {
    name: 'fake',
    remoteId,
    capabilities: { resumable: false, maxBytes: undefined, dedupes: true, checkpointIsSecret: false },
    connect: () => undefined,
    open: (ref) => wire.call('open', async () => {
      const blob = remote.blobs.get(ref.hash)
      if (blob === undefined) throw new BseError('NOT_FOUND', 'fake remote: no such blob', { what: 'blob', id: ref.hash })
      return { body: blob.stream(), sizeBytes: blob.size, range: undefined }
    }),
    stat: (hashes) => wire.call('stat', async () => hashes.map(stat)),
    upload: (task, { onProgress, signal }) => wire.call('upload', async () => {
      signal.throwIfAborted()
      onProgress({ sentBytes: task.sizeBytes, confirmedBytes: 0 })
      await store(task)
      onProgress({ sentBytes: task.sizeBytes, confirmedBytes: task.sizeBytes })
      return { verified: 'sha256' as const }
    }),
    abandon: async () => undefined,
    close: async () => undefined,
  }
}

/** The rows side of a fake server: a log that is followed from a cursor. Refuses rows whose bytes it does not have. */
export function fakeData(remote: FakeRemote, wire: FakeWire = remote): DataProvider {
  return {
    name: 'fake',
    capabilities: { conflicts: 'reported', acknowledges: 'server', startsWith: 'cursor' },
    connect: () => wire.call('connect', async () => fakeConnection(remote, wire)),
  }
}

function fakeConnection(remote: FakeRemote, wire: FakeWire): DataConnection {
  return {
    changes: async function* ({ cursor, awaiting, signal }) {
      let position = typeof cursor === 'number' ? cursor : 0
      while (!signal.aborted) {
        await remote.grown(position, signal)
        if (signal.aborted) return
        const entries = await wire.call('changes', async () => remote.log.slice(position))
        position += entries.length
        const mine = entries.flatMap(({ mutationId }) => mutationId ?? []).filter((id) => awaiting().has(id) || remote.applied.includes(id))
        yield { changes: entries.map(({ change }) => change), cursor: position, settled: mine.map((id) => ({ id, as: 'contained' as const })), upToDate: true }
      }
    },
    push: (mutations) => wire.call('push', async () => mutations.map((mutation) => {
      const missing = missingBlobs(remote, mutation)
      if (missing.length > 0) return { id: mutation.id, is: 'needs-blobs' as const, hashes: missing }
      const conflict = remote.comparesPrevious ? remote.conflictIn(mutation) : undefined
      return conflict === undefined ? remote.apply(mutation) : { id: mutation.id, is: 'conflict' as const, ...conflict }
    })),
    close: async () => undefined,
  }
}

function missingBlobs(remote: FakeRemote, { ops }: MutationWire): readonly BlobHash[] {
  return ops.flatMap(({ values }) => Object.values(values).flatMap((value) => {
    const hash = typeof value === 'object' && value !== null && 'hash' in value ? (value.hash as BlobHash) : undefined
    return hash === undefined || remote.blobs.has(hash) ? [] : [hash]
  }))
}
