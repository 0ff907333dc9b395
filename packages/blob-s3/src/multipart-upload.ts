import { BseError, isJsonObject, type FinishedPart, type Json, type MultipartUpload } from '@bse/core/wire'
import type { UploadIo, UploadReceipt, UploadTask } from '@bse/core/provider'
import { orAborted } from '@bse/core/http'
import { checkpointFromJson, type Checkpoint } from './checkpoint.ts'
import { CheckpointWriter } from './checkpoint-writer.ts'
import { completeUpload } from './complete-upload.ts'
import { MultipartProgress } from './multipart-progress.ts'
import { partBytesFor, planParts, type PlannedPart } from './part-plan.ts'
import { named, type S3Parts } from './parts.ts'
import { UploadGone, answerMissing } from './presign-client.ts'
import { putSigned } from './put-signed.ts'

export interface MultipartOptions {
  readonly partBytes: number
  readonly parallel: number
}

/** How often an upload may vanish under our hands before the store counts as broken. */
const MAX_BEGINNINGS = 2

/** In parts, several at a time. Goes on where an earlier try was, as far as the store agrees. */
export async function uploadMultipart(parts: S3Parts, task: UploadTask, io: UploadIo, options: MultipartOptions): Promise<UploadReceipt> {
  let before = earlierTry(io.checkpoint, task)
  for (let beginnings = 1; ; beginnings += 1) {
    try {
      return await uploadOnce(parts, task, io, options, before)
    } catch (error) {
      if (!(error instanceof UploadGone)) throw error
      if (beginnings >= MAX_BEGINNINGS) throw new BseError('NETWORK', 'blob-s3.upload: the store forgets uploads', { status: undefined }, { cause: error })
      before = undefined
    }
  }
}

/** A checkpoint of other bytes is none of ours. */
function earlierTry(json: Json | undefined, task: UploadTask): Checkpoint | undefined {
  const found = checkpointFromJson(json)
  return found !== undefined && found.hash === task.hash && found.sizeBytes === task.sizeBytes ? found : undefined
}

async function uploadOnce(parts: S3Parts, task: UploadTask, io: UploadIo, options: MultipartOptions, before: Checkpoint | undefined): Promise<UploadReceipt> {
  const begun = before === undefined ? await begin(parts, task, io, options) : await goOn(parts, task, io.signal, before)
  if (begun === undefined) return { verified: 'size' }
  const writer = new CheckpointWriter(begun, io)
  await writer.save()
  const progress = new MultipartProgress(planParts(task.sizeBytes, begun.partBytes), begun.parts, io)
  await sendAll(parts, task, io.signal, options.parallel, writer, progress)
  return completeUpload(parts, task, { upload: begun.upload, parts: writer.parts }, io.signal)
}

/**
 * `undefined` when the store has the blob. The request is not aborted with the upload: what it begins would stay open, and nobody would know
 * of it. So it is left to end, and then freed.
 */
async function begin(parts: S3Parts, task: UploadTask, io: UploadIo, options: MultipartOptions): Promise<Checkpoint | undefined> {
  const created = create(parts, task)
  try {
    const upload = await orAborted(created, io.signal)
    if (upload === undefined) return undefined
    return { ...named(task), upload, partBytes: partBytesFor(task.sizeBytes, options.partBytes), parts: [] }
  } catch (error) {
    // What fails here is freed by the bucket's rule for unfinished uploads.
    if (io.signal.aborted) created.then((upload) => upload && freeUpload(parts, { ...named(task), upload }, NEVER)).catch(() => undefined)
    throw error
  }
}

const NEVER: AbortSignal = new AbortController().signal

async function create({ presign }: S3Parts, task: UploadTask): Promise<MultipartUpload | undefined> {
  const answer: unknown = await presign.ask<'create'>({ do: 'create', ...named(task) }, { operation: 'upload', signal: NEVER })
  if (isJsonObject(answer) && answer.stored === true) return undefined
  const upload = isJsonObject(answer) && isJsonObject(answer.upload) ? answer.upload : {}
  if (typeof upload.id !== 'string' || typeof upload.uploadId !== 'string') throw answerMissing('upload')
  return { id: upload.id, uploadId: upload.uploadId }
}

/** The store's own list where it has one: a part whose answer was lost counts, one that the store lost does not. Else what the checkpoint says. */
async function goOn({ presign }: S3Parts, task: UploadTask, signal: AbortSignal, before: Checkpoint): Promise<Checkpoint> {
  const answer: unknown = await presign.ask<'list'>({ do: 'list', ...named(task), upload: before.upload }, { operation: 'upload', signal })
  if (isJsonObject(answer) && answer.unlisted === true) return before
  if (!isJsonObject(answer) || !Array.isArray(answer.parts)) throw answerMissing('upload')
  const listed = (answer.parts as readonly Json[]).filter(isListed)
  const plan = new Map(planParts(task.sizeBytes, before.partBytes).map((part) => [part.partNumber, part.end - part.start]))
  const parts = listed.filter(({ partNumber, sizeBytes }) => plan.get(partNumber) === sizeBytes).map(({ etag, partNumber }) => ({ etag, partNumber }))
  return { ...before, parts }
}

interface ListedPart extends FinishedPart {
  readonly sizeBytes: number
}

function isListed(json: Json): json is Json & ListedPart {
  return isJsonObject(json) && typeof json.partNumber === 'number' && typeof json.etag === 'string' && typeof json.sizeBytes === 'number'
}

/** After a failure no part is begun any more, but those on their way may still arrive: they need not be sent again. */
async function sendAll(parts: S3Parts, task: UploadTask, signal: AbortSignal, parallel: number, writer: CheckpointWriter, progress: MultipartProgress): Promise<void> {
  const queue = planParts(task.sizeBytes, writer.partBytes).filter(({ partNumber }) => !writer.has(partNumber))
  let failed = false
  const lane = async (): Promise<void> => {
    for (let part = queue.shift(); part !== undefined && !failed; part = queue.shift()) {
      try {
        await sendPart(parts, task, signal, part, writer, progress)
      } catch (error) {
        failed = true
        throw error
      }
    }
  }
  const lanes = await Promise.allSettled(Array.from({ length: Math.min(parallel, queue.length) }, lane))
  for (const outcome of lanes) if (outcome.status === 'rejected') throw outcome.reason
}

async function sendPart(parts: S3Parts, task: UploadTask, signal: AbortSignal, part: PlannedPart, writer: CheckpointWriter, progress: MultipartProgress): Promise<void> {
  const { partNumber } = part
  const expected = { method: 'PUT', hash: task.hash, part: { uploadId: writer.upload.uploadId, partNumber } } as const
  const asked = { do: 'part', ...named(task), upload: writer.upload, partBytes: writer.partBytes, partNumber } as const
  const sign = async (): ReturnType<Parameters<typeof putSigned>[1]['sign']> => {
    const answer: unknown = await parts.presign.ask<'part'>(asked, { operation: 'upload', signal })
    return parts.place.check(isJsonObject(answer) ? answer.request : undefined, expected)
  }
  const onSent = (sentBytes: number): void => progress.sent(part, sentBytes)
  const answer = await putSigned(parts.store, { hash: task.hash, body: task.blob.slice(part.start, part.end), signal, onSent, sign }, [404])
  if (answer?.status === 404) throw new UploadGone()
  const etag = answer?.header('etag') ?? ''
  if (etag === '') throw new BseError('REJECTED', 'blob-s3.upload: the store does not show the ETag of a part', { status: answer?.status, reason: 'etag-not-exposed' })
  progress.finished(part)
  await writer.add({ partNumber, etag })
}

/** Gives back what an unfinished upload holds. Fine when it is gone. */
export async function freeUpload({ presign }: S3Parts, { hash, sizeBytes, type, upload }: Pick<Checkpoint, 'hash' | 'sizeBytes' | 'type' | 'upload'>, signal: AbortSignal): Promise<void> {
  try {
    await presign.ask<'abort'>({ do: 'abort', hash, sizeBytes, type, upload }, { operation: 'abandon', signal })
  } catch (error) {
    if (!(error instanceof UploadGone)) throw error
  }
}
