import { remoteOf } from './ledger/entry.ts'
import type { LedgerEntry } from './model/ledger-entry.ts'
import { invalidOption } from './option-table.ts'
import type { BlobProvider } from './provider/blob-provider.ts'

/** Several stores for one set of blobs. */
export interface SeveralRemotes {
  /** Rows wait for it, and URLs are its. */
  readonly primary: BlobProvider
  /** Get every blob too, in their own time; read from when the primary cannot give one. */
  readonly mirrors?: readonly BlobProvider[]
  /** Which stores must have a blob that rows name before this device may drop its copy. Default `'primary'`. */
  readonly durableOn?: 'primary' | 'all'
}

export interface BlobRemotes {
  readonly primary: BlobProvider
  readonly mirrors: readonly BlobProvider[]
  /** The primary first. */
  readonly all: readonly [BlobProvider, ...BlobProvider[]]
  /** Whether the bytes are where they have to be before this device may drop its copy. */
  isDurable(entry: LedgerEntry): boolean
}

/** @throws BseError `CONFIG_INVALID` when two of them are one store. */
export function blobRemotes(option: BlobProvider | SeveralRemotes): BlobRemotes {
  const { primary, mirrors = [], durableOn = 'primary' } = 'primary' in option ? option : { primary: option }
  const all: BlobRemotes['all'] = [primary, ...mirrors]
  if (new Set(all.map(({ remoteId }) => remoteId)).size < all.length) throw invalidOption('blobs.mirrors', 'stores that differ from each other')
  const judges = durableOn === 'all' ? all : [primary]
  return { primary, mirrors, all, isDurable: (entry) => judges.every(({ remoteId }) => remoteOf(entry, remoteId).state === 'stored') }
}
