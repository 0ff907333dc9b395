import { BseError, type StagedBytes } from '@bse/core/provider'
import { fileNameOf } from '@bse/core/wire'
import { isStageId } from './file-layout.ts'
import type { StoreFolders } from './folders.ts'
import { hold } from './hold.ts'
import { ifThere, retryLocked } from './opfs-error.ts'
import type { FileHandle } from './opfs-types.ts'

/**
 * Gives staged bytes their name. Looks before it moves, since a move replaces silently and kills whatever was lent of the
 * file that it replaces. A file of another size cannot be these bytes: that damage is replaced by the good copy.
 */
export async function publishFile(staged: StagedBytes, { blobs, staging }: StoreFolders): Promise<'published' | 'already-present'> {
  const name = fileNameOf(staged.hash)
  if (!isStageId(staged.stageId)) throw notStaged(staged)
  const from: FileHandle | undefined = await ifThere(staging.getFileHandle(staged.stageId))
  if (from === undefined) throw notStaged(staged)

  const present = await ifThere(blobs.getFileHandle(name))
  if (present !== undefined && (await hold(present, (one) => one.getFile())).size === staged.sizeBytes) {
    await ifThere(retryLocked(() => staging.removeEntry(staged.stageId)))
    return 'already-present'
  }
  await retryLocked(() => moveOrCopy(from, blobs, name))
  if (from.move === undefined) await ifThere(retryLocked(() => staging.removeEntry(staged.stageId)))
  return 'published'
}

async function moveOrCopy(from: FileHandle, folder: FileSystemDirectoryHandle, name: string): Promise<void> {
  if (from.move !== undefined) return hold(from, async (one) => one.move?.(folder, name))
  const to: FileHandle = await folder.getFileHandle(name, { create: true })
  try {
    const file = await hold(from, (one) => one.getFile())
    const writable = await hold(to, async (one) => one.createWritable?.())
    if (writable === undefined) throw new TypeError('files can be neither moved nor written here')
    // The bytes appear all at once when the stream closes; until then the name has none and counts as absent.
    await hold(writable, (stream) => file.stream().pipeTo(stream))
  } catch (error) {
    await folder.removeEntry(name).catch(() => undefined)
    throw error
  }
}

function notStaged(staged: StagedBytes): BseError {
  return new BseError('NOT_FOUND', 'cache-opfs.publish: nothing is staged under this id', { what: 'blob', id: staged.hash })
}
