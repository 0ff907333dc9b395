import { randomUUID } from 'node:crypto'
import { join, resolve } from 'node:path'
import { BseError } from '@bse/core/provider'
import { blobHashFromHex, fileNameOf, hexOf, parseBlobHash, type BlobHash } from '@bse/core/wire'

/** Where a store keeps what: `<root>/blobs/sha256-<hex>` and `<root>/staging/<stageId>`. */
export interface FileLayout {
  readonly root: string
  readonly blobs: string
  readonly staging: string
}

const STAGE_ID = /^(?:[A-Za-z0-9.]{1,64}-)?[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/
const WINDOWS_DEVICE = /^(con|prn|aux|nul|com\d|lpt\d)$/
const OWNER = /^[A-Za-z0-9.]{1,64}$/
const PRINTABLE_ASCII = /^[\x20-\x2e\x30-\x7e]{1,100}$/

export function fileLayout(directory: string): FileLayout {
  const root = resolve(directory)
  return { root, blobs: join(root, 'blobs'), staging: join(root, 'staging') }
}

/** @throws BseError `CONFIG_INVALID` when `hash` is none, whatever its type says: it must not become a path of its own. */
export function blobFile(layout: FileLayout, hash: BlobHash): string {
  return join(layout.blobs, fileNameOf(blobHashFromHex(hexOf(hash))))
}

/** Only names that this store would give itself: anything else in the folder is not ours to show. */
export function hashOfFileName(name: string): BlobHash | undefined {
  const hash = parseBlobHash(name)
  return hash !== undefined && fileNameOf(hash) === name ? hash : undefined
}

/**
 * Begins with its owner, so that whoever sweeps can ask whether that one lives.
 *
 * @throws BseError `CONFIG_INVALID` for an owner that could not be read back, or would be a path of its own.
 */
export function newStageId(owner: string | undefined): string {
  const id = randomUUID()
  if (owner === undefined) return id
  if (OWNER.test(owner)) return `${owner}-${id}`
  throw new BseError('CONFIG_INVALID', 'cache-fs.stage: an owner is 1 to 64 letters, digits and dots', { option: 'owner' })
}

/** The file of a stage, or `undefined` when the id was never given out here: an id must not become a path of its own. */
export function stageFile(layout: FileLayout, stageId: string): string | undefined {
  return STAGE_ID.test(stageId) ? join(layout.staging, stageId) : undefined
}

/**
 * A folder name that every file system takes and keeps apart. Upper case is escaped because Windows and macOS would
 * fold `A` into `a`: two namespaces, possibly two people, in one folder.
 */
export function namespaceFolder(namespace: string): string {
  if (!PRINTABLE_ASCII.test(namespace)) {
    const message = 'cache-fs: a namespace is 1 to 100 printable ASCII characters without a slash'
    throw new BseError('CONFIG_INVALID', message, { option: 'namespace' })
  }
  const escaped = namespace.replace(/[^a-z0-9_.-]|^\.|\.$/g, escapeCharacter)
  return WINDOWS_DEVICE.test(escaped.split('.')[0] ?? '') ? escaped.replace(/^./, escapeCharacter) : escaped
}

function escapeCharacter(character: string): string {
  return `%${character.charCodeAt(0).toString(16).padStart(2, '0')}`
}
