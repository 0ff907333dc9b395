import { BseError } from '../errors.ts'
import type { KeyRange } from '../provider/state-store.ts'
import { blobHashFromHex, hexOf, type BlobHash } from '../wire/blob-hash.ts'

/** The key space of a namespace. Spec: docs/spec/state.md. */
export const LEASE_KEY = 'meta/lease'
/** What the tabs that wait for the lead ask of the one that has it. */
export const LINE_KEY = 'meta/line'
/** The number of writes ever queued: gives each its place. */
export const MUTATION_SEQ_KEY = 'meta/mutation-seq'
/** How much was ever queued, in bytes: tells a tab how much came that it has not seen yet. */
export const ADMITTED_KEY = 'meta/admitted'
/** The name of the cache store that has this device's bytes. */
export const CACHE_KEY = 'meta/cache'
/** What the person holds back. */
export const PAUSED_KEY = 'meta/paused'
/** The blobs that the person has sent off, where nothing goes by itself. */
export const SEND_NOW_KEY = 'meta/send-now'
/** References that lost a conflict. */
export const SUPERSEDED_KEY = 'meta/superseded'
/** Made when a namespace is first used: another one, or none, means that everything before was removed. */
export const BORN_KEY = 'meta/born'
export const CURSOR_KEY = 'cur/data'
/** Somebody signs out: no tab writes any more. */
export const SIGN_OUT_KEY = 'meta/sign-out'
/** What a data provider keeps for itself. */
export const PROVIDER_PREFIX = 'prv/'

const MAX_ID_CHARS = 400

/** Everything that begins with `prefix`; keys are ASCII, so `~` (the last printable) and one more closes the range. */
export function prefixRange(prefix: string): KeyRange {
  return { from: prefix, to: `${prefix}\x7f` }
}

export function ledgerKey(hash: BlobHash): string {
  return `led/${hexOf(hash)}`
}

/** A marker beside each ledger entry that has work, so that a start reads work and not the whole ledger. */
export function owedKey(hash: BlobHash): string {
  return `owed/${hexOf(hash)}`
}

/** Inline bytes under their own prefix, so that a scan of the ledger never loads bytes. */
export function bytesKey(hash: BlobHash): string {
  return `bytes/${hexOf(hash)}`
}

/** When bytes came to this device and were last read. */
export function useKey(hash: BlobHash): string {
  return `use/${hexOf(hash)}`
}

/** What a person called dear or cheap: a row with all its blobs, or one blob. */
export type PriorityTarget = { readonly table: string; readonly id: string } | { readonly hash: BlobHash }

export function priorityKey(target: PriorityTarget): string {
  return 'hash' in target ? `pri/blob/${hexOf(target.hash)}` : `pri/row/${target.table}/${escapeId(target.id)}`
}

/** A tab that may have staged bytes; its lock tells whether it lives. */
export function tabKey(tabId: string): string {
  return `tab/${tabId}`
}

export function mutationKey(seq: number): string {
  return `mut/${String(seq).padStart(16, '0')}`
}

/** @throws BseError `VALIDATION_FAILED` when the id is too long to be part of a key. */
export function baseRowKey(table: string, rowId: string): string {
  const escaped = escapeId(rowId)
  if (escaped.length > MAX_ID_CHARS) {
    const message = `at most ${MAX_ID_CHARS} characters when percent-encoded`
    throw new BseError('VALIDATION_FAILED', 'core.insert: the id is too long', { issues: [{ column: 'id', rule: 'max-size', message }] })
  }
  return `base/${table}/${escaped}`
}

export function escapeId(id: string): string {
  return encodeURIComponent(id).replaceAll('~', '%7E')
}

/** What a key of this space is about; `undefined` for keys that only one part reads. */
export type KeyMeaning =
  | { readonly of: 'mutation'; readonly seq: number }
  | { readonly of: 'ledger'; readonly hash: BlobHash }
  | { readonly of: 'row'; readonly table: string; readonly rowId: string }
  | { readonly of: 'use'; readonly hash: BlobHash }
  | { readonly of: 'priority' }
  | { readonly of: 'mutationSeq' }
  | { readonly of: 'admitted' }
  | { readonly of: 'lease' }
  | { readonly of: 'line' }
  | { readonly of: 'signOut' }
  | { readonly of: 'paused' }
  | { readonly of: 'sendNow' }
  | { readonly of: 'superseded' }

export function readKey(key: string): KeyMeaning | undefined {
  if (key === LEASE_KEY) return { of: 'lease' }
  if (key === LINE_KEY) return { of: 'line' }
  if (key === SUPERSEDED_KEY) return { of: 'superseded' }
  if (key === PAUSED_KEY) return { of: 'paused' }
  if (key === SEND_NOW_KEY) return { of: 'sendNow' }
  if (key === MUTATION_SEQ_KEY) return { of: 'mutationSeq' }
  if (key === ADMITTED_KEY) return { of: 'admitted' }
  if (key === SIGN_OUT_KEY) return { of: 'signOut' }
  const slash = key.indexOf('/')
  const rest = key.slice(slash + 1)
  switch (key.slice(0, slash)) {
    case 'mut': return { of: 'mutation', seq: Number(rest) }
    case 'use': return { of: 'use', hash: blobHashFromHex(rest) }
    case 'pri': return { of: 'priority' }
    case 'led': return { of: 'ledger', hash: blobHashFromHex(rest) }
    case 'base': {
      const table = rest.slice(0, rest.indexOf('/'))
      return { of: 'row', table, rowId: decodeURIComponent(rest.slice(table.length + 1)) }
    }
    default: return undefined
  }
}
