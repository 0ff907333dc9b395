import { BseError } from '@bse/core/provider'
import { fileNameOf, parseBlobHash, type BlobHash } from '@bse/core/wire'

const STAGE_ID = /^(?:[A-Za-z0-9.]{1,64}-)?[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/
const OWNER = /^[A-Za-z0-9.]{1,64}$/
const PRINTABLE_ASCII = /^[\x20-\x2e\x30-\x7e]{1,100}$/

/** SHA-256 of no bytes. */
const EMPTY: BlobHash = 'sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855'

/** Folder names from the root of the origin's file system down to one namespace. */
export function namespacePath(directory: string, namespace: string): readonly string[] {
  if (!PRINTABLE_ASCII.test(namespace)) {
    const message = 'cache-opfs: a namespace is 1 to 100 printable ASCII characters without a slash'
    throw new BseError('CONFIG_INVALID', message, { option: 'namespace' })
  }
  return [...directory.split('/').filter((part) => part !== ''), escapeName(namespace)]
}

/** A name that every browser takes and keeps apart, also one that stores by names of a case-folding disk. */
function escapeName(name: string): string {
  return name.replace(/[^a-z0-9_.-]|^\.|\.$/g, (character) => `%${character.charCodeAt(0).toString(16).padStart(2, '0')}`)
}

/**
 * Begins with its owner, so that whoever sweeps can ask whether that one lives.
 *
 * @throws BseError `CONFIG_INVALID` for an owner that could not be read back, or would be a path of its own.
 */
export function newStageId(owner: string | undefined): string {
  const id = crypto.randomUUID()
  if (owner === undefined) return id
  if (OWNER.test(owner)) return `${owner}-${id}`
  throw new BseError('CONFIG_INVALID', 'cache-opfs.stage: an owner is 1 to 64 letters, digits and dots', { option: 'owner' })
}

/** Anything else was never given out here and must not become a file name. */
export function isStageId(text: string): boolean {
  return STAGE_ID.test(text)
}

/** Whose file in `staging` this is. Chromium writes a stream into `<name>.crswap` beside the file, and may leave it there. */
export function stageIdOfFileName(name: string): string | undefined {
  const stageId = name.replace(/\.crswap$/, '')
  return isStageId(stageId) ? stageId : undefined
}

/** Only names that this store would give itself. */
export function hashOfFileName(name: string): BlobHash | undefined {
  const hash = parseBlobHash(name)
  return hash !== undefined && fileNameOf(hash) === name ? hash : undefined
}

/** True for what a publish by copying left when it died: the name is made before the bytes come, all at once. */
export function isUnfinished(hash: BlobHash, file: File): boolean {
  return file.size === 0 && hash !== EMPTY
}
