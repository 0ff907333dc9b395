import type { BlobProvider, UploadIo, UploadTask } from '../../src/provider/index.ts'
import { hasCode, type BlobHash, type Json } from '../../src/wire/index.ts'
import { randomBytes, streamOf } from '../../src/testing/index.ts'
import type { MemoryBlobs } from './memory-blobs.ts'

/** One way for a provider to lie, and the case that must notice. */
export interface BrokenBlobs {
  readonly caughtBy: string
  spoil(healthy: MemoryBlobs): Partial<BlobProvider>
}

const patient = new AbortController().signal
const ioWith = (io: UploadIo, changes: Partial<UploadIo>): UploadIo => ({
  checkpoint: io.checkpoint, saveCheckpoint: (next) => io.saveCheckpoint(next), onProgress: (progress) => io.onProgress(progress), signal: io.signal, ...changes,
})
const isSession = (checkpoint: Json | undefined): checkpoint is { readonly session: BlobHash } => typeof checkpoint === 'object' && checkpoint !== null && 'session' in checkpoint
/** Takes anything under any name. */
const credulous = (healthy: MemoryBlobs) => async (task: UploadTask, io: UploadIo): Promise<{ verified: 'none' }> => {
  healthy.stored.set(task.hash, task.blob)
  io.onProgress({ sentBytes: task.sizeBytes, confirmedBytes: task.sizeBytes })
  return { verified: 'none' }
}
/** Another error than the one that was given. */
const dressed = async <T>(work: Promise<T>): Promise<T> => work.catch((cause: unknown) => { throw new Error('wrapped', { cause }) })
const batchOf = (healthy: MemoryBlobs, upload: (tasks: readonly UploadTask[]) => readonly UploadTask[]): Partial<BlobProvider> => {
  const { batch } = healthy
  return batch === undefined ? {} : { batch: { ...batch, upload: async (tasks, options) => {
    const outcomes = await batch.upload(upload(tasks), options)
    return tasks.map(({ hash }) => outcomes.find((outcome) => outcome.hash === hash) ?? { hash, receipt: { verified: 'sha256' } })
  } } }
}

export const brokenBlobs: readonly BrokenBlobs[] = [
  { caughtBy: 'opens what was uploaded, byte for byte', spoil: () => ({ open: async () => ({ body: streamOf(randomBytes(20_000), [999]), sizeBytes: 20_000, range: undefined }) }) },
  { caughtBy: 'carries an empty blob', spoil: (healthy) => ({ upload: async (task, io) => { if (task.sizeBytes === 0) throw new Error('nothing to send'); return healthy.upload(task, io) } }) },
  { caughtBy: 'carries 5 MB', spoil: (healthy) => ({ upload: async (task, io) => { await healthy.upload(task, io); healthy.stored.set(task.hash, task.blob.slice(0, 4_000_000)); return { verified: 'size' } } }) },
  { caughtBy: 'refuses bytes that their hash does not name', spoil: (healthy) => ({ upload: credulous(healthy) }) },
  { caughtBy: 'keeps nothing of refused bytes', spoil: (healthy) => ({ upload: async (task, io) => { healthy.stored.set(task.hash, task.blob); return healthy.upload(task, io) } }) },
  { caughtBy: 'takes the right bytes after it refused wrong ones', spoil: (healthy) => {
    const refused = new Set<string>()
    return { upload: async (task, io) => {
      if (refused.has(task.hash)) throw new Error('refused before')
      return healthy.upload(task, io).catch((error: unknown) => { refused.add(task.hash); throw error })
    } }
  } },
  { caughtBy: 'never lets wrong bytes replace right ones', spoil: (healthy) => ({ upload: credulous(healthy) }) },
  { caughtBy: 'takes a blob twice', spoil: (healthy) => ({ upload: async (task, io) => { if (healthy.stored.has(task.hash)) throw new Error('409'); return healthy.upload(task, io) } }) },
  { caughtBy: 'takes one blob from many at once', spoil: (healthy) => {
    const busy = new Set<string>()
    return { upload: async (task, io) => { if (busy.has(task.hash)) throw new Error('423'); busy.add(task.hash); return healthy.upload(task, io).finally(() => busy.delete(task.hash)) } }
  } },
  { caughtBy: 'takes many blobs at once', spoil: (healthy) => {
    let running = 0
    return { upload: async (task, io) => { if (running > 2) throw new Error('too many'); running++; return healthy.upload(task, io).finally(() => running--) } }
  } },
  { caughtBy: 'reports progress up to the size and never beyond', spoil: (healthy) => ({ upload: (task, io) => healthy.upload(task, ioWith(io, { onProgress: ({ sentBytes }) => io.onProgress({ sentBytes: sentBytes + 200, confirmedBytes: 0 }) })) }) },
  { caughtBy: 'reports progress up to the size and never beyond', spoil: (healthy) => ({ upload: (task, io) => healthy.upload(task, ioWith(io, { onProgress: () => undefined })) }) },
  { caughtBy: 'reports progress that never goes back on a sound line', spoil: (healthy) => ({ upload: (task, io) => { io.onProgress({ sentBytes: task.sizeBytes, confirmedBytes: 0 }); return healthy.upload(task, io) } }) },
  { caughtBy: 'carries a blob of any type and name', spoil: (healthy) => ({ upload: async (task, io) => healthy.upload({ ...task, type: new Headers({ 'content-type': task.type }).get('content-type') ?? '' }, io) }) },
  { caughtBy: 'starts nothing for a signal that fired before', spoil: (healthy) => ({ upload: (task, io) => healthy.upload(task, ioWith(io, { signal: patient })) }) },
  { caughtBy: 'rejects an aborted upload with the reason itself', spoil: (healthy) => ({ upload: (task, io) => dressed(healthy.upload(task, io)) }) },
  { caughtBy: 'shows a second provider what the first one uploaded', spoil: (healthy) => {
    const own = new Set<string>()
    return {
      upload: (task, io) => { own.add(task.hash); return healthy.upload(task, io) },
      stat: async (hashes, options) => (await healthy.stat(hashes, options)).map((stat, at) => (own.has(hashes[at] ?? '') ? stat : { is: 'absent' })),
    }
  } },
  { caughtBy: 'calls its store by one name, whoever opens it', spoil: () => ({ remoteId: `memory:${crypto.randomUUID()}` }) },
  { caughtBy: 'never shows half of an upload', spoil: (healthy) => ({ upload: (task, io) => healthy.upload(task, io).catch((error: unknown) => { healthy.stored.set(task.hash, task.blob.slice(0, task.sizeBytes / 2)); throw error }) }) },
  { caughtBy: 'goes on from a checkpoint in a second provider', spoil: (healthy) => {
    const own = new Set<unknown>()
    return { upload: async (task, io) => {
      if (isSession(io.checkpoint) && !own.has(io.checkpoint.session)) throw new Error('a session of another provider')
      own.add(task.hash)
      await io.saveCheckpoint({ session: task.hash })
      return healthy.upload(task, io)
    } }
  } },
  { caughtBy: 'uploads anew when its checkpoint means nothing any more', spoil: (healthy) => ({ upload: async (task, io) => { if (io.checkpoint !== undefined && !isSession(io.checkpoint)) throw new Error('404'); return healthy.upload(task, io) } }) },
  { caughtBy: 'takes a blob again that was abandoned', spoil: (healthy) => {
    let abandoned = false
    return {
      upload: async (task, io) => { await io.saveCheckpoint({ session: task.hash }); return healthy.upload(task, io) },
      abandon: async () => { if (abandoned) throw new Error('404'); abandoned = true },
    }
  } },
  { caughtBy: 'keeps what is stored when a later try is abandoned', spoil: (healthy) => ({
    upload: async (task, io) => { await io.saveCheckpoint({ session: task.hash }); return healthy.upload(task, io) },
    abandon: async (checkpoint) => { if (isSession(checkpoint)) healthy.stored.delete(checkpoint.session) },
  }) },
  { caughtBy: 'says NOT_FOUND for a blob that never came', spoil: () => ({ open: async () => ({ body: streamOf(new Uint8Array(), [1]), sizeBytes: 0, range: undefined }) }) },
  { caughtBy: 'tells the size of what it opens, where it can', spoil: (healthy) => ({ open: async (ref, options) => ({ ...(await healthy.open(ref, options)), sizeBytes: 1 }) }) },
  { caughtBy: 'reads every kind of range exactly', spoil: (healthy) => ({ open: (ref, { range, signal }) => healthy.open(ref, { signal, ...(range === undefined ? {} : { range: { start: range.start, end: range.end === undefined ? undefined : range.end + 1 } }) }) }) },
  { caughtBy: 'names the range that it opened', spoil: (healthy) => ({ open: async (ref, options) => ({ ...(await healthy.open(ref, options)), range: { start: 0, end: 100 } }) }) },
  { caughtBy: 'refuses a range that begins behind the end', spoil: (healthy) => ({ open: async (ref, options) => healthy.open(ref, options).catch((error: unknown) => { if (hasCode(error, 'RANGE_INVALID')) return { body: streamOf(new Uint8Array(), [1]), sizeBytes: undefined, range: undefined }; throw error }) }) },
  { caughtBy: 'refuses a range that holds no byte', spoil: (healthy) => ({ open: (ref, { range, signal }) => healthy.open(ref, { signal, ...(range === undefined || (range.end ?? Infinity) <= range.start ? {} : { range }) }) }) },
  { caughtBy: 'gives what there is of a range that goes beyond the end', spoil: (healthy) => ({ open: async (ref, options) => { if ((options.range?.end ?? 0) > (healthy.stored.get(ref.hash)?.size ?? 0)) throw new Error('416'); return healthy.open(ref, options) } }) },
  { caughtBy: 'opens one blob for many readers at once', spoil: (healthy) => {
    let running = 0
    return { open: async (ref, options) => { if (running > 2) throw new Error('too many'); running++; return healthy.open(ref, options).finally(() => running--) } }
  } },
  { caughtBy: 'rejects an aborted open with the reason itself', spoil: (healthy) => ({ open: (ref, options) => dressed(healthy.open(ref, options)) }) },
  { caughtBy: 'breaks the stream with the reason when aborted later', spoil: (healthy) => ({ open: (ref, { range }) => healthy.open(ref, { signal: patient, ...(range === undefined ? {} : { range }) }) }) },
  { caughtBy: 'stays usable after a reader left early', spoil: (healthy) => {
    let left = 10
    return { open: async (ref, options) => { if (left-- === 0) throw new Error('out of connections'); return healthy.open(ref, options) } }
  } },
  { caughtBy: 'stays usable after reads were aborted in the middle', spoil: (healthy) => {
    let left = 20
    return { open: async (ref, options) => { if (left-- === 0) throw new Error('out of connections'); return healthy.open(ref, options) } }
  } },
  { caughtBy: 'tells stored from absent for 150 hashes, in order', spoil: (healthy) => ({ stat: async (hashes, options) => healthy.stat([...hashes].sort(), options) }) },
  { caughtBy: 'tells stored from absent for 150 hashes, in order', spoil: (healthy) => ({ stat: async (hashes, options) => healthy.stat(hashes.slice(0, 100), options) }) },
  { caughtBy: 'answers a stat of nothing with nothing', spoil: () => ({ stat: async () => [{ is: 'unknown' }] }) },
  { caughtBy: 'answers a repeated hash once for each time it was asked', spoil: (healthy) => ({ stat: async (hashes, options) => healthy.stat([...new Set(hashes)], options) }) },
  { caughtBy: 'rejects an aborted stat with the reason itself', spoil: (healthy) => ({ stat: (hashes, options) => dressed(healthy.stat(hashes, options)) }) },
  { caughtBy: 'lends a URL that gives the bytes without headers', spoil: () => ({ url: async () => ({ url: 'data:text/plain,other', expiresAtMs: undefined }) }) },
  { caughtBy: 'stores every blob of a batch', spoil: (healthy) => batchOf(healthy, (tasks) => tasks.slice(1)) },
  { caughtBy: 'takes a batch of as many as it says', spoil: (healthy) => ({ ...batchOf(healthy, (tasks) => { if (tasks.length > 31) throw new Error('too many'); return tasks }) }) },
  { caughtBy: 'refuses one of a batch and stores its neighbours', spoil: (healthy) => ({ batch: { maxBlobBytes: 9_000, maxTotalBytes: 9_000, maxCount: 9, upload: async (tasks) => tasks.map((task) => { healthy.stored.set(task.hash, task.blob); return { hash: task.hash, receipt: { verified: 'none' } } }) } }) },
  { caughtBy: 'takes a batch with what is there already', spoil: (healthy) => batchOf(healthy, (tasks) => { if (tasks.some(({ hash }) => healthy.stored.has(hash))) throw new Error('409'); return tasks }) },
  { caughtBy: 'rejects an aborted batch with the reason itself', spoil: ({ batch }) => (batch === undefined ? {} : { batch: { ...batch, upload: (tasks, options) => dressed(batch.upload(tasks, options)) } }) },
  { caughtBy: 'abandons a checkpoint that means nothing to the store', spoil: () => ({ abandon: async () => { throw new Error('what is this') } }) },
  { caughtBy: 'forgets a deleted blob, where it can delete', spoil: () => ({ delete: async () => undefined }) },
  { caughtBy: 'names itself and its store', spoil: () => ({ remoteId: 'memory:1?token=secret' }) },
  { caughtBy: 'closes twice and then does nothing more', spoil: () => ({ close: async () => undefined }) },
  { caughtBy: 'ends what is under way when it closes', spoil: (healthy) => ({ close: async () => { await new Promise((resolve) => setTimeout(resolve, 50)); await healthy.close() } }) },
]
