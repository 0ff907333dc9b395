import { BseError, type ByteRange, type CacheEntry, type CacheStore, type StagedBytes, type StageOptions } from '@bse/core/provider'
import { blobHashFromHex, fileNameOf, hexOf, type BlobHash } from '@bse/core/wire'
import { hashOfFileName, isStageId, isUnfinished, newStageId, stageIdOfFileName } from './file-layout.ts'
import { Folders } from './folders.ts'
import { hold } from './hold.ts'
import { Lifetime } from './lifetime.ts'
import { failWith, ifThere, isLocked, retryLocked } from './opfs-error.ts'
import { publishFile } from './publish-file.ts'
import { removeStaged } from './stage-file.ts'
import { Stagers } from './stagers.ts'
import type { WrittenStage } from './stager.ts'

/** Stages that this page is still writing, over all of its stores: a sweep must not take them for abandoned. */
const beingWritten = new Set<string>()

/** `<path>/blobs/sha256-<hex>` and `<path>/staging/<stageId>`. A staged file is never lent: moving it would kill the `File`. */
export class OpfsStore implements CacheStore {
  readonly name = 'opfs'
  readonly durable = true
  readonly #folders: Folders
  readonly #stagers: Stagers
  readonly #lifetime = new Lifetime()

  constructor(path: readonly string[], createWorker: () => Worker) {
    this.#folders = new Folders(path)
    this.#stagers = new Stagers(path, this.#folders, createWorker)
  }

  stage(source: Blob | ReadableStream<Uint8Array>, options: StageOptions = {}): Promise<StagedBytes> {
    return this.#lifetime.run(async () => {
      const { closing } = this.#lifetime
      const signal = options.signal === undefined ? closing : AbortSignal.any([options.signal, closing])
      signal.throwIfAborted()
      const stageId = newStageId(options.owner)
      beingWritten.add(stageId)
      try {
        return { stageId, ...(await this.#write(stageId, source, options.expect, signal)) }
      } finally {
        beingWritten.delete(stageId)
      }
    })
  }

  async #write(stageId: string, source: StageSource, expect: BlobHash | undefined, signal: AbortSignal): Promise<WrittenStage> {
    const stager = await this.#stagers.get()
    signal.throwIfAborted()
    try {
      const written = await stager.stage({ stageId, source, expect, signal })
      signal.throwIfAborted()
      return written
    } catch (error) {
      // The stager cleans up after itself, unless it died or had finished when the abort came.
      await removeStaged(this.#folders, stageId)
      throw error
    }
  }

  publish(staged: StagedBytes): Promise<'published' | 'already-present'> {
    return this.#lifetime.run(() => this.#publish(staged).catch(failWith('publish', staged.sizeBytes)))
  }

  async #publish(staged: StagedBytes): Promise<'published' | 'already-present'> {
    return publishFile(staged, await this.#folders.get())
  }

  discard(stageId: string): Promise<void> {
    return this.#lifetime.run(() => this.#discard(stageId).catch(failWith('discard')))
  }

  async #discard(stageId: string): Promise<void> {
    if (!isStageId(stageId)) return
    const { staging } = await this.#folders.get()
    await ifThere(retryLocked(() => staging.removeEntry(stageId)))
  }

  sweep(isAlive: (stageId: string) => boolean): Promise<void> {
    return this.#lifetime.run(() => this.#sweep(isAlive).catch(failWith('sweep')))
  }

  async #sweep(isAlive: (stageId: string) => boolean): Promise<void> {
    const { staging } = await this.#folders.get()
    const filesOf = new Map<string, string[]>()
    for await (const name of staging.keys()) {
      const stageId = stageIdOfFileName(name)
      if (stageId !== undefined) filesOf.set(stageId, [...(filesOf.get(stageId) ?? []), name])
    }
    for (const [stageId, names] of filesOf) {
      if (!beingWritten.has(stageId) && !isAlive(stageId)) await sweepStage(staging, stageId, names)
    }
  }

  get(hash: BlobHash): Promise<Blob | undefined> {
    return this.#lifetime.run(() => this.#file(hash).catch(failWith('get')))
  }

  read(hash: BlobHash, range: ByteRange): Promise<ReadableStream<Uint8Array> | undefined> {
    return this.#lifetime.run(async () => {
      const file = await this.#file(hash).catch(failWith('read'))
      if (file === undefined) return undefined
      const { start, end = file.size } = range
      if (!isInside(start, end, file.size)) {
        throw new BseError('RANGE_INVALID', 'cache-opfs.read: the range is not inside the blob', { sizeBytes: file.size })
      }
      return file.slice(start, end).stream()
    })
  }

  async #file(hash: BlobHash): Promise<File | undefined> {
    const { blobs } = await this.#folders.get()
    const handle = await ifThere(blobs.getFileHandle(nameOf(hash)))
    const file = handle === undefined ? undefined : await ifThere(hold(handle, (one) => one.getFile()))
    return file === undefined || isUnfinished(hash, file) ? undefined : file
  }

  delete(hash: BlobHash): Promise<'deleted' | 'absent' | 'busy'> {
    return this.#lifetime.run(() => this.#delete(nameOf(hash)).catch(failWith('delete')))
  }

  async #delete(name: string): Promise<'deleted' | 'absent' | 'busy'> {
    const { blobs } = await this.#folders.get()
    try {
      const removed = await ifThere(retryLocked(() => blobs.removeEntry(name)).then(() => true))
      return removed === undefined ? 'absent' : 'deleted'
    } catch (error) {
      if (isLocked(error)) return 'busy'
      throw error
    }
  }

  async *list(options: { readonly signal?: AbortSignal } = {}): AsyncGenerator<CacheEntry, void, undefined> {
    const assertGoingOn = (): void => {
      this.#lifetime.closing.throwIfAborted()
      options.signal?.throwIfAborted()
    }
    assertGoingOn()
    const { blobs } = await this.#folders.get().catch(failWith('list'))
    const names = blobs.keys()
    for (let next = await nextName(names); next !== undefined; next = await nextName(names)) {
      assertGoingOn()
      const hash = hashOfFileName(next)
      const file = hash === undefined ? undefined : await this.#file(hash).catch(failWith('list'))
      if (hash !== undefined && file !== undefined) yield { hash, sizeBytes: file.size }
    }
  }

  async destroy(): Promise<void> {
    await this.close()
    await ifThere(retryLocked(() => this.#folders.erase())).catch(failWith('destroy'))
  }

  async close(): Promise<void> {
    await this.#lifetime.end()
    await this.#stagers.close()
  }
}

type StageSource = Blob | ReadableStream<Uint8Array>

/** A locked file is being written by another tab: it is alive, whatever the caller knows of it. What lies beside it goes last. */
async function sweepStage(staging: FileSystemDirectoryHandle, stageId: string, names: readonly string[]): Promise<void> {
  try {
    await ifThere(staging.removeEntry(stageId))
    for (const name of names) await ifThere(staging.removeEntry(name))
  } catch (error) {
    if (!isLocked(error)) throw error
  }
}

/** @throws BseError `CONFIG_INVALID` when `hash` is none, whatever its type says. */
function nameOf(hash: BlobHash): string {
  return fileNameOf(blobHashFromHex(hexOf(hash)))
}

function isInside(start: number, end: number, sizeBytes: number): boolean {
  return Number.isSafeInteger(start) && Number.isSafeInteger(end) && start >= 0 && start <= end && end <= sizeBytes
}

/** The folder may go while it is listed, with the namespace: then there is nothing more. */
async function nextName(names: AsyncIterator<string>): Promise<string | undefined> {
  const next = await ifThere(names.next()).catch(failWith('list'))
  return next === undefined || next.done === true ? undefined : next.value
}
