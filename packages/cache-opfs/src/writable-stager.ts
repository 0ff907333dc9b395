import { createHasher, readWindows } from '@bse/core/hash'
import type { Folders } from './folders.ts'
import { hold } from './hold.ts'
import { failWith } from './opfs-error.ts'
import type { FileHandle } from './opfs-types.ts'
import { assertExpected, removeStaged } from './stage-file.ts'
import type { StageRequest, Stager, WrittenStage } from './stager.ts'
import { streamPieces, WINDOW_BYTES } from './windows.ts'

/** Stages on the calling thread, where no worker with sync access handles is to be had. Hashing blocks this thread in slices. */
export class WritableStager implements Stager {
  readonly #folders: Folders

  constructor(folders: Folders) {
    this.#folders = folders
  }

  async stage(request: StageRequest): Promise<WrittenStage> {
    const writable = await this.#openStaged(request.stageId).catch(failWith('stage'))
    try {
      const written = await hashAndWrite(writable, request)
      assertExpected(written.hash, request.expect)
      await hold(writable, (stream) => stream.close()).catch(failWith('stage', written.sizeBytes))
      return written
    } catch (error) {
      // The first error counts; a stream that failed by itself refuses to be aborted.
      await hold(writable, (stream) => stream.abort()).catch(() => undefined)
      await removeStaged(this.#folders, request.stageId)
      throw error
    }
  }

  #openStaged(stageId: string): Promise<FileSystemWritableFileStream> {
    return this.#folders.create(async ({ staging }) => {
      const file: FileHandle = await staging.getFileHandle(stageId, { create: true })
      return hold(file, async (one) => {
        if (one.createWritable === undefined) throw new TypeError('files cannot be written here')
        return one.createWritable()
      })
    })
  }

  close(): void {}
}

async function hashAndWrite(writable: FileSystemWritableFileStream, { source, signal }: StageRequest): Promise<WrittenStage> {
  const hasher = await createHasher()
  const neededBytes = source instanceof Blob ? source.size : undefined
  let sizeBytes = 0
  for await (const window of source instanceof Blob ? readWindows(source, WINDOW_BYTES, signal) : streamPieces(source, signal)) {
    const writing = writable.write(alone(window))
    hasher.update(window)
    sizeBytes += window.byteLength
    await writing.catch(failWith('stage', neededBytes))
    signal.throwIfAborted()
  }
  return { hash: hasher.digest(), sizeBytes }
}

/** WebKit has written other bytes for a view that is a part of a larger buffer. */
function alone(window: Uint8Array): Uint8Array<ArrayBuffer> {
  const isWhole = window.byteLength === window.buffer.byteLength
  return (isWhole ? window : window.slice()) as Uint8Array<ArrayBuffer>
}
