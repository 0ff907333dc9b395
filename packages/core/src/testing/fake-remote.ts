import type { BlobProvider, RemoteStat, UploadTask } from '../provider/blob-provider.ts'
import type { DataConnection, DataProvider, PushOutcome, RowChange } from '../provider/data-provider.ts'
import { BseError } from '../errors.ts'
import { hashBlob } from '../hash/index.ts'
import type { BlobHash } from '../wire/blob-hash.ts'
import type { MutationOp, MutationWire, RowWire } from '../wire/mutation-wire.ts'

/** What a test may do to a call on its way: throw before the server sees it, or after it took effect. */
export type Fault = (call: string) => 'pass' | 'fail-before' | 'fail-after'

/** A server in memory: objects by hash, rows by table, each mutation id applied once. One object is one server, for any number of devices. */
export class FakeRemote {
  readonly blobs: Map<BlobHash, Blob> = new Map()
  readonly rows: Map<string, RowWire> = new Map()
  readonly applied: string[] = []
  readonly uploads: BlobHash[] = []
  /** Every change of a row, oldest first: the stream that devices follow. */
  readonly log: { readonly change: RowChange; readonly mutationId: string | undefined }[] = []
  fault: Fault = () => 'pass'
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

  /** A change by somebody else. */
  write(op: MutationOp): void {
    this.#applyOp(op, undefined)
  }

  async call<T>(name: string, run: () => Promise<T>): Promise<T> {
    const fault = this.fault(name)
    if (fault === 'fail-before') throw cut(name)
    const result = await run()
    if (fault === 'fail-after') throw cut(name)
    return result
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

function cut(name: string): BseError {
  return new BseError('NETWORK', `fake remote: ${name} was cut`, { status: undefined })
}

/** The bytes side of a fake server. Stores only what matches its hash. */
export function fakeBlobs(remote: FakeRemote, remoteId = 'fake:blobs'): BlobProvider {
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
    open: (ref) => remote.call('open', async () => {
      const blob = remote.blobs.get(ref.hash)
      if (blob === undefined) throw new BseError('NOT_FOUND', 'fake remote: no such blob', { what: 'blob', id: ref.hash })
      return { body: blob.stream(), sizeBytes: blob.size, range: undefined }
    }),
    stat: (hashes) => remote.call('stat', async () => hashes.map(stat)),
    upload: (task, { onProgress, signal }) => remote.call('upload', async () => {
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
export function fakeData(remote: FakeRemote): DataProvider {
  return {
    name: 'fake',
    capabilities: { conflicts: 'reported', acknowledges: 'server', startsWith: 'cursor' },
    connect: () => remote.call('connect', async () => fakeConnection(remote)),
  }
}

function fakeConnection(remote: FakeRemote): DataConnection {
  return {
    changes: async function* ({ cursor, awaiting, signal }) {
      let position = typeof cursor === 'number' ? cursor : 0
      while (!signal.aborted) {
        await remote.grown(position, signal)
        if (signal.aborted) return
        const entries = await remote.call('changes', async () => remote.log.slice(position))
        position += entries.length
        const mine = entries.flatMap(({ mutationId }) => mutationId ?? []).filter((id) => awaiting().has(id) || remote.applied.includes(id))
        yield { changes: entries.map(({ change }) => change), cursor: position, settled: mine.map((id) => ({ id, as: 'contained' as const })), upToDate: true }
      }
    },
    push: (mutations) => remote.call('push', async () => mutations.map((mutation) => {
      const missing = missingBlobs(remote, mutation)
      return missing.length > 0 ? { id: mutation.id, is: 'needs-blobs' as const, hashes: missing } : remote.apply(mutation)
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
