import type { BlobSource, RemoteRef } from '../provider/blob-provider.ts'
import { BseError, hasCode } from '../errors.ts'
import { hashBlob } from '../hash/index.ts'
import { afterAdoption } from '../ledger/adoption.ts'
import { withLocal, withRemote } from '../ledger/entry.ts'
import { changeEntry } from '../ledger/ledger.ts'
import { ledgerOps } from '../ledger/records.ts'
import { newLedgerEntry } from '../model/ledger-entry.ts'
import { bytesKey, ledgerKey } from '../state/keys.ts'
import { ledgerAside, readLedgerEntry, replacing } from '../state/records.ts'
import { adoptFile } from './adopt.ts'
import { fromFirst } from './from-first.ts'
import type { BlobHash } from '../wire/blob-hash.ts'
import { publishRecorded, type IngestDeps } from './ingest.ts'

/** A store to read from, under the name that the ledger has for it. */
export interface Origin {
  readonly source: BlobSource
  readonly remoteId: string
}

export interface FetchDeps extends IngestDeps, Origin {
  /** Asked in order when the first one cannot give the bytes. */
  readonly mirrors?: readonly Origin[]
  /** Who is asked first, and what becomes of those who fail. */
  readonly sources?: {
    order(hash: BlobHash, origins: readonly Origin[]): readonly Origin[]
    answered(remoteId: string): void
    failed(remoteId: string, hash: BlobHash, error: unknown): void
  }
}

/**
 * Brings a blob from a remote onto this device: from the first that has the right bytes. Nothing is visible before its hash was right.
 *
 * @throws BseError `NOT_FOUND`, `GONE`, `HASH_MISMATCH`, `NETWORK` and what else the sources throw; `STORAGE_FULL`.
 */
export async function fetchBlob(deps: FetchDeps, ref: RemoteRef, signal: AbortSignal): Promise<void> {
  const lock = await deps.locks.change(ref.hash, signal)
  try {
    if (await adoptFile(deps, ref, signal)) return
    const origins = [deps, ...(deps.mirrors ?? [])]
    const inOrder = deps.sources?.order(ref.hash, origins) ?? origins
    await fromFirst<Origin, void>(inOrder, signal, (origin) => fetchJudged(deps, origin, ref, signal))
  } finally {
    lock.release()
  }
}

/** Whoever gives the bytes, or does not, is remembered for it. */
async function fetchJudged(deps: FetchDeps, { remoteId, source }: Origin, ref: RemoteRef, signal: AbortSignal): Promise<void> {
  try {
    await fetchFrom({ ...deps, remoteId, source }, ref, signal)
    deps.sources?.answered(remoteId)
  } catch (error) {
    if (!signal.aborted) deps.sources?.failed(remoteId, ref.hash, error)
    throw error
  }
}

async function fetchFrom(deps: FetchDeps, ref: RemoteRef, signal: AbortSignal): Promise<void> {
  try {
    const opened = await deps.source.open(ref, { signal })
    const typed = ref.type === '' && opened.type !== undefined ? { ...ref, type: opened.type } : ref
    const small = (ref.sizeBytes ?? opened.sizeBytes ?? Infinity) <= deps.inlineMaxBytes
    if (small) await fetchInline(deps, typed, opened.body, signal)
    else await fetchStaged(deps, typed, opened.body, signal)
  } catch (error) {
    if (hasCode(error, 'GONE')) await believeGone(deps, ref)
    throw error
  }
}

/** The reference's size is only a claim: the read stops one byte behind it. */
async function fetchInline(deps: FetchDeps, ref: RemoteRef, body: ReadableStream<Uint8Array>, signal: AbortSignal): Promise<void> {
  const bytes = await readUpTo(body, deps.inlineMaxBytes)
  const actual = bytes === undefined ? undefined : await hashBlob(new Blob([bytes]))
  if (bytes === undefined || actual !== ref.hash) {
    throw new BseError('HASH_MISMATCH', 'cache.fetch: the remote gave other bytes', { expected: ref.hash, actual })
  }
  signal.throwIfAborted()
  const key = ledgerKey(ref.hash)
  await deps.state.update([key], (get) => {
    const stored = get(key)
    const before = readLedgerEntry(stored) ?? newLedgerEntry(ref.hash, bytes.byteLength, ref.type)
    const fetched = { ...withLocal(before, 'fetched', deps.references.count(ref.hash) > 0), inline: true }
    const after = afterAdoption(withRemote(fetched, deps.remoteId, 'statStored', true), true)
    return { ops: [...replacing(key, stored, ledgerAside(stored)), ...ledgerOps(after), { put: bytesKey(ref.hash), value: bytes }], result: undefined }
  }, { durability: 'relaxed' })
}

async function readUpTo(body: ReadableStream<Uint8Array>, maxBytes: number): Promise<Uint8Array<ArrayBuffer> | undefined> {
  const reader = body.getReader()
  const chunks: Uint8Array[] = []
  let length = 0
  for (let next = await reader.read(); !next.done; next = await reader.read()) {
    length += next.value.byteLength
    if (length > maxBytes) {
      await reader.cancel()
      return undefined
    }
    chunks.push(next.value)
  }
  const bytes = new Uint8Array(length)
  let offset = 0
  for (const chunk of chunks) {
    bytes.set(chunk, offset)
    offset += chunk.byteLength
  }
  return bytes
}

async function fetchStaged(deps: FetchDeps, ref: RemoteRef, body: ReadableStream<Uint8Array>, signal: AbortSignal): Promise<void> {
  await deps.registered()
  const staged = await deps.store.stage(notLongerThan(body, ref), { expect: ref.hash, owner: deps.tabId, signal })
  try {
    await publishRecorded(deps, staged, ref.type)
  } catch (error) {
    await deps.store.discard(staged.stageId)
    throw error
  }
  const referenced = deps.references.count(ref.hash) > 0
  await changeEntry(deps.state, { hash: ref.hash, sizeBytes: staged.sizeBytes, type: ref.type }, (entry) => {
    const present = { ...withLocal(entry, 'fetched', referenced), inline: false, sizeBytes: staged.sizeBytes }
    return afterAdoption(withRemote(present, deps.remoteId, 'statStored', referenced), referenced)
  }, { durability: 'relaxed' })
}

/** A body that goes on behind the size of the blob is another one, and may have no end. */
function notLongerThan(body: ReadableStream<Uint8Array>, { hash, sizeBytes }: RemoteRef): ReadableStream<Uint8Array> {
  if (sizeBytes === undefined) return body
  let leftBytes = sizeBytes
  return body.pipeThrough(new TransformStream<Uint8Array, Uint8Array>({
    transform(chunk, controller) {
      leftBytes -= chunk.byteLength
      if (leftBytes < 0) throw new BseError('HASH_MISMATCH', 'cache.fetch: the remote gives more bytes than there are', { expected: hash, actual: undefined })
      controller.enqueue(chunk)
    },
  }))
}

async function believeGone(deps: FetchDeps, ref: RemoteRef): Promise<void> {
  const blob = { hash: ref.hash, sizeBytes: ref.sizeBytes ?? 0, type: ref.type }
  await changeEntry(deps.state, blob, (entry) => withRemote(entry, deps.remoteId, 'gone', deps.references.count(ref.hash) > 0), { durability: 'relaxed' })
}
