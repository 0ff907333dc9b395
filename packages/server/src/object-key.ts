import { BseError, hexOf } from '@bse/core/wire'
import type { BlobKey } from './blob-storage.ts'

/** Where uploads wait for their verification. No space may have this name. */
const INCOMING = 'incoming'
const SPACE = /^(?!\.{1,2}$)[\w.@:+=-]{1,128}$/

/** `<space>/<hex>`. @throws BseError `CONFIG_INVALID` for a space that `authorize` must not name. */
export function objectKey({ hash, space }: BlobKey): string {
  return `${spacePrefix(space)}${hexOf(hash)}`
}

export function spacePrefix(space: string): string {
  if (!isSpace(space)) throw new BseError('CONFIG_INVALID', 'server: the space has a name that no bucket can keep', { option: 'space' })
  return `${space}/`
}

/** Whether the name is one that a space may have. */
export function isSpace(name: string): boolean {
  return SPACE.test(name) && name !== INCOMING
}

/** A place of its own for each upload, so that nobody waits for, reads or replaces what another one sends. */
export function incomingKey(key: BlobKey, uploadId: string): string {
  return `${INCOMING}/${spacePrefix(key.space)}${uploadId}/${hexOf(key.hash)}`
}
