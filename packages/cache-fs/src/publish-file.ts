import { link, lstat, rename, unlink } from 'node:fs/promises'
import { dirname } from 'node:path'
import { BseError, type StagedBytes } from '@bse/core/provider'
import { ifThere, systemCode } from './fs-error.ts'
import { syncFolder } from './folders.ts'

/** What file systems without hard links answer to `link`. */
const NO_LINKS: ReadonlySet<unknown> = new Set(['EPERM', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS', 'EMLINK'])

/**
 * Moves a staged file to its final name and resolves once the name survives a power cut.
 *
 * The name is made by `link`, which refuses to replace; the staged name goes last. When the folder cannot be synced the
 * new name is taken back, so that a rejected publish shows nothing and can be tried again.
 */
export async function publishFile(staged: StagedBytes, from: string, to: string): Promise<'published' | 'already-present'> {
  const outcome = await giveName(staged, from, to)
  try {
    // Also when somebody else gave the name: they may have died before they synced it.
    await syncFolder(dirname(to))
    if (outcome !== 'moved') await ifThere(unlink(from))
  } catch (error) {
    if (outcome === 'linked') await ifThere(unlink(to))
    throw error
  }
  return outcome === 'already-present' ? 'already-present' : 'published'
}

async function giveName(staged: StagedBytes, from: string, to: string): Promise<'linked' | 'moved' | 'already-present'> {
  try {
    await link(from, to)
    return 'linked'
  } catch (error) {
    const code = systemCode(error)
    if (code === 'ENOENT' && (await ifThere(lstat(from))) === undefined) throw notStaged(staged)
    if (code !== 'EEXIST' && !NO_LINKS.has(code)) throw error
  }
  if (await holdsBlob(to, staged.sizeBytes)) return 'already-present'
  await rename(from, to)
  return 'moved'
}

/**
 * A file of another size, or no file at all, cannot be these bytes: damage must not make us drop the good copy. Bytes that
 * are wrong at the right size are for whoever reads and verifies.
 */
async function holdsBlob(path: string, sizeBytes: number): Promise<boolean> {
  const found = await ifThere(lstat(path))
  return found !== undefined && found.isFile() && found.size === sizeBytes
}

export function notStaged(staged: StagedBytes): BseError {
  return new BseError('NOT_FOUND', 'cache-fs.publish: nothing is staged under this id', { what: 'blob', id: staged.hash })
}
