import { openAsBlob } from 'node:fs'
import { lstat, opendir, rm, rmdir, unlink, type FileHandle } from 'node:fs/promises'
import { join } from 'node:path'
import type { ByteRange, CacheEntry, CacheStore, StagedBytes, StageOptions } from '@bse/core/provider'
import type { BlobHash } from '@bse/core/wire'
import { blobFile, fileLayout, hashOfFileName, newStageId, stageFile, type FileLayout } from './file-layout.ts'
import { makeFolders, syncFolder } from './folders.ts'
import { ifThere, systemCode, toStorageError } from './fs-error.ts'
import { Lifetime } from './lifetime.ts'
import { notStaged, publishFile } from './publish-file.ts'
import { openRange } from './read-range.ts'
import { createFile, fillFile } from './staged-file.ts'

/**
 * The store in exactly this directory: `<directory>/blobs/sha256-<hex>` and `<directory>/staging/`. Nothing is touched
 * before the first call; folders are made by the first `stage`.
 */
export function openDirectoryStore(directory: string): CacheStore {
  return new DirectoryStore(fileLayout(directory))
}

/** Stages that this process is still writing, over all of its stores: a sweep must not take them for abandoned. */
const beingWritten = new Set<string>()

class DirectoryStore implements CacheStore {
  readonly name = 'fs'
  readonly durable = true
  readonly #layout: FileLayout
  readonly #lifetime = new Lifetime()
  #folders: Promise<void> | undefined

  constructor(layout: FileLayout) {
    this.#layout = layout
  }

  stage(source: Blob | ReadableStream<Uint8Array>, options: StageOptions = {}): Promise<StagedBytes> {
    return this.#lifetime.run(async () => {
      const { closing } = this.#lifetime
      const signal = options.signal === undefined ? closing : AbortSignal.any([options.signal, closing])
      signal.throwIfAborted()
      const stageId = newStageId(options.owner)
      const path = join(this.#layout.staging, stageId)
      beingWritten.add(stageId)
      try {
        const file = await this.#createStaged(path).catch(failWith('stage'))
        return { stageId, ...(await fillFile(file, path, { source, expect: options.expect, signal })) }
      } finally {
        beingWritten.delete(stageId)
      }
    })
  }

  /** Makes the folders once for each store, and again when somebody took them away. */
  async #createStaged(path: string): Promise<FileHandle> {
    await (this.#folders ??= this.#makeFolders())
    try {
      return await createFile(path)
    } catch (error) {
      if (systemCode(error) !== 'ENOENT') throw error
    }
    await (this.#folders = this.#makeFolders())
    return createFile(path)
  }

  async #makeFolders(): Promise<void> {
    try {
      await makeFolders(this.#layout)
    } catch (error) {
      this.#folders = undefined
      throw error
    }
  }

  publish(staged: StagedBytes): Promise<'published' | 'already-present'> {
    return this.#lifetime.run(async () => {
      const from = stageFile(this.#layout, staged.stageId)
      if (from === undefined) throw notStaged(staged)
      return publishFile(staged, from, blobFile(this.#layout, staged.hash)).catch(failWith('publish', staged.sizeBytes))
    })
  }

  discard(stageId: string): Promise<void> {
    return this.#lifetime.run(async () => {
      const path = stageFile(this.#layout, stageId)
      if (path !== undefined) await ifThere(unlink(path)).catch(failWith('discard'))
    })
  }

  sweep(isAlive: (stageId: string) => boolean): Promise<void> {
    return this.#lifetime.run(async () => {
      for await (const stageId of namesIn(this.#layout.staging, 'sweep')) {
        const path = stageFile(this.#layout, stageId)
        if (path === undefined || beingWritten.has(stageId) || isAlive(stageId)) continue
        await ifThere(unlink(path)).catch(failWith('sweep'))
      }
    })
  }

  get(hash: BlobHash): Promise<Blob | undefined> {
    return this.#lifetime.run(async () => {
      const path = blobFile(this.#layout, hash)
      const found = await ifThere(lstat(path)).catch(failWith('get'))
      if (found === undefined) return undefined
      if (!found.isFile()) return failWith('get')(new Error('not a regular file'))
      return ifThere(openAsBlob(path)).catch(failWith('get'))
    })
  }

  read(hash: BlobHash, range: ByteRange): Promise<ReadableStream<Uint8Array> | undefined> {
    return this.#lifetime.run(() => openRange(blobFile(this.#layout, hash), range, this.#lifetime.closing).catch(failWith('read')))
  }

  delete(hash: BlobHash): Promise<'deleted' | 'absent' | 'busy'> {
    return this.#lifetime.run(() => this.#delete(hash).catch(failWith('delete')))
  }

  async #delete(hash: BlobHash): Promise<'deleted' | 'absent' | 'busy'> {
    try {
      await unlink(blobFile(this.#layout, hash))
    } catch (error) {
      const code = systemCode(error)
      if (code === 'ENOENT') return 'absent'
      // Windows refuses to remove what somebody has open.
      if (code === 'EBUSY' || (code === 'EPERM' && process.platform === 'win32')) return 'busy'
      throw error
    }
    await syncFolder(this.#layout.blobs)
    return 'deleted'
  }

  async *list(options: { readonly signal?: AbortSignal } = {}): AsyncGenerator<CacheEntry, void, undefined> {
    this.#lifetime.closing.throwIfAborted()
    options.signal?.throwIfAborted()
    for await (const name of namesIn(this.#layout.blobs, 'list')) {
      const hash = hashOfFileName(name)
      const found = hash === undefined ? undefined : await ifThere(lstat(join(this.#layout.blobs, name))).catch(failWith('list'))
      options.signal?.throwIfAborted()
      this.#lifetime.closing.throwIfAborted()
      if (hash !== undefined && found?.isFile() === true) yield { hash, sizeBytes: found.size }
    }
  }

  async destroy(): Promise<void> {
    await this.#lifetime.end()
    try {
      await rm(this.#layout.blobs, { recursive: true, force: true })
      await rm(this.#layout.staging, { recursive: true, force: true })
      await removeIfEmpty(this.#layout.root)
    } catch (error) {
      throw toStorageError(error, 'destroy')
    }
  }

  async close(): Promise<void> {
    await this.#lifetime.end()
  }
}

function failWith(operation: string, neededBytes?: number): (error: unknown) => never {
  return (error) => {
    throw toStorageError(error, operation, neededBytes)
  }
}

/** Names in a folder as the system hands them out, a few at a time; none when there is no folder. */
async function* namesIn(folder: string, operation: string): AsyncGenerator<string, void, undefined> {
  const entries = await ifThere(opendir(folder, { bufferSize: 256 })).catch(failWith(operation))
  if (entries === undefined) return
  try {
    for (let entry = await entries.read(); entry !== null; entry = await entries.read()) yield entry.name
  } catch (error) {
    throw toStorageError(error, operation)
  } finally {
    await entries.close()
  }
}

/** The directory may be somebody else's too: only an empty one goes. */
async function removeIfEmpty(directory: string): Promise<void> {
  try {
    await rmdir(directory)
  } catch (error) {
    const code = systemCode(error)
    if (code !== 'ENOENT' && code !== 'ENOTEMPTY' && code !== 'EEXIST') throw error
  }
}
