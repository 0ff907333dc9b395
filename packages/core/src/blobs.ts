import type { BlobReading, BlobStream } from './blob-reading.ts'
import type { IngestResult } from './cache/ingest.ts'
import { BseError, isBseError } from './errors.ts'
import { readEntry } from './ledger/ledger.ts'
import { adoptBytes, type AdoptDeps } from './mutation/adopt.ts'
import type { ByteRange } from './provider/cache-store.ts'
import type { Result } from './result.ts'
import { isBlob } from './schema/index.ts'
import { prefixRange } from './state/keys.ts'
import { readLedgerEntry } from './state/records.ts'
import type { LiveBlob } from './subscription/index.ts'
import { parseBlobHash, type BlobHash } from './wire/blob-hash.ts'
import type { BlobRef } from './wire/blob-ref.ts'

/** Blobs by their hash, beside all rows. */
export interface Blobs {
  /**
   * Stores bytes on this device under their hash, to be sent to every remote; resolves once they survive a crash of the page. Bytes that are
   * here already are not stored again. With `cleanup: 'server'` they may go once a server has them and as long as no row names them.
   *
   * @throws BseError `VALIDATION_FAILED` for anything but bytes; `STORAGE_FULL`.
   */
  put(data: Blob | ArrayBuffer): Promise<BlobHash>
  /** The bytes of a reference, verified, fetched first when they are not here; `null` when nobody has them. */
  get(ref: BlobRef | string, options?: { readonly signal?: AbortSignal }): Promise<Blob | null>
  /**
   * The bytes of a reference or a part of them, as they come: from this device, else the whole is fetched first, and a part comes straight
   * from the first store that gives it, with nothing kept here. Look at `verified` before you trust them.
   *
   * @throws BseError `NOT_FOUND`, `GONE`, `NETWORK`, `RANGE_INVALID`; the signal's reason, which ends a stream that is open, too.
   */
  open(ref: BlobRef | string, options?: { readonly range?: ByteRange; readonly signal?: AbortSignal }): Promise<BlobStream>
  /** The URL of one blob, kept up to date while somebody listens. Asks for nothing before that. */
  live(ref: BlobRef | BlobHash): LiveBlob
  /** Every blob whose bytes are on this device, in the order of their hashes. */
  list(): Promise<BlobHash[]>
  /** Whether the bytes are on this device. Asks nobody else. */
  has(hash: string): Promise<boolean>
  /** What a row holds that names this blob by reference; `undefined` for one that this device has never met. */
  ref(hash: string): Promise<BlobRef | undefined>
  /** As `put`, without a throw for what it was asked to do. */
  tryPut(data: Blob | ArrayBuffer): Promise<Result<BlobHash>>
  /** As `get`, without a throw: `NOT_FOUND` when nobody has it, `NETWORK` when somebody who may have it could not be asked. */
  tryGet(ref: BlobRef | string, options?: { readonly signal?: AbortSignal }): Promise<Result<Blob>>
}

export interface BlobsDeps extends AdoptDeps {
  readonly ready: () => Promise<void>
  readonly ingest: (sources: readonly Blob[], signal: AbortSignal) => Promise<IngestResult>
  readonly reclaim: (hash: BlobHash) => Promise<void>
  readonly reading: Pick<BlobReading, 'get' | 'open' | 'whole'>
  readonly live: Blobs['live']
  /** These bytes are on this device, and owed. */
  readonly onPut: (ref: BlobRef) => void
  readonly closing: AbortSignal
}

/** The facade behind `sync.blobs`. */
export function createBlobs(deps: BlobsDeps): Blobs {
  const put = (data: Blob | ArrayBuffer): Promise<BlobHash> => putBlob(deps, data)
  return {
    put,
    get: async (ref, { signal } = {}) => deps.reading.get(asked(ref), signal),
    open: async (ref, options) => deps.reading.open(asked(ref), options),
    live: (ref) => deps.live(ref),
    list: () => listBlobs(deps),
    has: async (hash) => (await entryOf(deps, hash))?.local === 'present',
    ref: async (hash) => {
      const entry = await entryOf(deps, hash)
      return entry && { hash: entry.hash, sizeBytes: entry.sizeBytes, type: entry.type }
    },
    tryPut: (data) => resultOf(() => put(data)),
    tryGet: (ref, { signal } = {}) => resultOf(async () => deps.reading.whole(asked(ref), signal)),
  }
}

async function putBlob(deps: BlobsDeps, data: Blob | ArrayBuffer): Promise<BlobHash> {
  const blob = bytesIn(data)
  await deps.ready()
  const ingested = await deps.ingest([blob], deps.closing)
  const [one] = ingested.blobs
  if (one === undefined) throw new Error('core.blobs.put: nothing was brought in')
  try {
    await ingested.publish()
    await adoptBytes(deps, one)
  } catch (error) {
    await ingested.drop()
    if (one.inlineBytes === undefined) await deps.reclaim(one.hash)
    throw error
  }
  ingested.release()
  deps.onPut({ hash: one.hash, sizeBytes: one.sizeBytes, type: one.type })
  return one.hash
}

/** @throws BseError `VALIDATION_FAILED`. */
export function bytesIn(data: unknown): Blob {
  if (isBlob(data)) return data
  if (Object.prototype.toString.call(data) === '[object ArrayBuffer]') return new Blob([data as ArrayBuffer])
  throw refused('is neither a Blob, a File nor an ArrayBuffer')
}

async function listBlobs({ ready, state, closing }: BlobsDeps): Promise<BlobHash[]> {
  await ready()
  const hashes: BlobHash[] = []
  for await (const page of state.read(prefixRange('led/'), { signal: closing })) {
    for (const { value } of page) {
      const entry = readLedgerEntry(value)
      if (entry?.local === 'present') hashes.push(entry.hash)
    }
  }
  return hashes
}

async function entryOf({ ready, state }: BlobsDeps, text: string): ReturnType<typeof readEntry> {
  const hash = hashIn(text)
  await ready()
  return readEntry(state, hash)
}

function asked(ref: BlobRef | string): BlobRef | BlobHash {
  return typeof ref === 'string' && !ref.startsWith('pending:') ? hashIn(ref) : (ref as BlobRef | BlobHash)
}

function hashIn(text: string): BlobHash {
  const hash = parseBlobHash(text)
  if (hash === undefined) throw refused('is not the hash of a blob')
  return hash
}

function refused(message: string): BseError<'VALIDATION_FAILED'> {
  return new BseError('VALIDATION_FAILED', `core.blobs: the argument ${message}`, { issues: [{ column: '', rule: 'type', message }] })
}

/** An abort is no result: it is thrown. */
export async function resultOf<Value>(run: () => Promise<Value>): Promise<Result<Value>> {
  try {
    return { data: await run(), error: null }
  } catch (error) {
    if (isBseError(error)) return { data: null, error }
    throw error
  }
}
