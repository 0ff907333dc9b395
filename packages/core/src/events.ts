import type { BseError } from './errors.ts'
import type { ConflictOutcome } from './model/conflict.ts'
import type { StorageFallback } from './storage/open-storage.ts'
import type { Unsent } from './tabs/mirror.ts'
import type { BlobHash } from './wire/blob-hash.ts'
import type { JsonObject } from './wire/json.ts'

/** A cell of a row that names a blob. */
export interface BlobCell {
  readonly table: string
  readonly id: string
  readonly column: string
}

/** A row that an event is about. */
export interface RowName {
  readonly table: string
  readonly id: string
}

/** Every event and what it carries, in every tab. Progress is 0 to 1, sizes are bytes. */
export interface SyncEvents {
  /** A server answered after a time without answers; a sync run has begun by itself. */
  online: undefined
  /** No server answers. */
  offline: undefined
  uploadProgress: { readonly id: BlobHash; readonly progress: number; readonly sentBytes: number; readonly confirmedBytes: number; readonly size: number; readonly rows: readonly BlobCell[] }
  /**
   * The remote has all bytes. `url` is one that an `<img>` of this page loads: the provider's, or one of the copy on this device, good until
   * a hundred later ones were given away. For what stays on screen use a live query.
   */
  uploadComplete: { readonly id: BlobHash; readonly url: string; readonly rows: readonly BlobCell[] }
  /** Something failed that syncing goes on without; it is tried again unless it is parked. */
  syncError: { readonly operation: SyncOperation; readonly error: unknown }
  /** A write of a workspace was refused, or could not be stored. Nothing of it is left; awaiting the write tells the same. */
  writeFailed: { readonly table: string; readonly id: string | undefined; readonly error: unknown }
  /** An item is at fault itself and waits for the person. `rows` are all that it is about. */
  parked: { readonly operation: SyncOperation; readonly code: string; readonly message: string; readonly rows: readonly RowName[] }
  /**
   * The server had other values by now than the person saw who wrote. `open`: it waits for an answer (`onConflict`, `offline.retry` or
   * `offline.discard`); else whose values are in force. Values are JSON, of the columns that were written and, for `remote`, the whole row.
   */
  conflict: SyncConflict
  /** Bytes that no server has are not on this device any more. Their rows are kept. */
  blobLost: { readonly id: BlobHash; readonly rows: readonly BlobCell[] }
  /** Credentials are needed and the app gave none, or a server refused those it gave. Work that needs them waits. */
  authRequired: { readonly error: unknown }
  /**
   * The browser has removed what was stored here. `state`: while the page was open; rows come again from the server. `cache`: files, found out by the
   * tab that leads; they are fetched again when they are needed. What no server had is gone (`mutations`, `uploads`: how much that was).
   */
  storageLost: Unsent & { readonly part: 'state' | 'cache' }
  /** A part of storage could not be had where it was wanted. Told once, when the engine opens; look at `status.durable` too. */
  storageFallback: StorageFallback
  /** The cache is filled above `cache.warningThreshold`. Told once for each crossing, in the tab that leads. In bytes. */
  cacheWarning: { readonly used: number; readonly available: number }
  /** Bytes went from this device to make room. Servers have them. */
  cacheEviction: { readonly items: readonly { readonly id: BlobHash; readonly size: number; readonly rows: readonly BlobCell[] }[] }
  /** This tab begins or ends doing the work for all tabs. */
  leader: { readonly leads: boolean }
}

export interface SyncConflict {
  readonly operation: SyncOperation
  readonly row: RowName
  readonly resolution: ConflictOutcome
  /** As the person saw it; `null` when there was no such row. */
  readonly base: JsonObject | null
  readonly local: JsonObject
  /** As the server has it; `null` when it has no such row. */
  readonly remote: JsonObject | null
}

/** What an event is about: an upload by its blob, a queued write by its id (a batch with the first of its rows), or the sync as a whole. */
export type SyncOperation =
  | { readonly type: 'upload'; readonly id: BlobHash }
  | { readonly type: 'insert' | 'update' | 'upsert' | 'delete'; readonly id: string; readonly table: string; readonly rowId: string }
  | { readonly type: 'sync' }

export type SyncListener<Name extends keyof SyncEvents> = (payload: SyncEvents[Name]) => void

/** Listeners by event. One that throws never breaks the engine or its neighbours: the error is reported as uncaught. */
export class Emitter {
  readonly #listeners: { [Name in keyof SyncEvents]?: Set<SyncListener<Name>> } = {}

  /** Answers a function that takes the listener back. */
  on<Name extends keyof SyncEvents>(name: Name, listener: SyncListener<Name>): () => void {
    const own: SyncListener<Name> = (payload) => listener(payload)
    this.#of(name).add(own)
    return () => void this.#of(name).delete(own)
  }

  hasListeners(name: keyof SyncEvents): boolean {
    return this.#of(name).size > 0
  }

  emit<Name extends keyof SyncEvents>(name: Name, payload: SyncEvents[Name]): void {
    for (const listener of [...this.#of(name)]) {
      try {
        listener(payload)
      } catch (error) {
        queueMicrotask(() => {
          throw error
        })
      }
    }
  }

  #of<Name extends keyof SyncEvents>(name: Name): Set<SyncListener<Name>> {
    const listeners = this.#listeners as { [N in Name]?: Set<SyncListener<Name>> }
    const existing = listeners[name]
    if (existing !== undefined) return existing
    const created = new Set<SyncListener<Name>>()
    listeners[name] = created
    return created
  }
}

/** What the latest state of the engine is, for a user interface. */
export interface SyncStatus {
  /** Whether the last answer from a server came; a guess before the first. */
  readonly online: boolean
  /** Whether the person holds everything back. */
  readonly paused: boolean
  /** Whether this tab does the work for all tabs. */
  readonly leads: boolean
  /** Whether what is stored survives the page; undefined until storage is open. */
  readonly durable: boolean | undefined
  /** Whether the browser promised not to evict this app's storage; undefined when it was not asked or has not answered. */
  readonly persisted: boolean | undefined
  /** Everything that no server has yet, in order. */
  readonly pending: readonly PendingItem[]
  /** What stops the engine altogether. */
  readonly error: BseError | undefined
}

export type PendingItem = PendingUpload | PendingMutation

export interface ItemReason {
  readonly code: string
  readonly message: string
}

export interface PendingUpload {
  readonly type: 'upload'
  /** The blob's hash. */
  readonly id: BlobHash
  readonly size: number
  /** 0 to 1, by bytes that the store has acknowledged or the network has taken. */
  readonly progress: number
  readonly rows: readonly BlobCell[]
  readonly state: 'waiting' | 'uploading' | 'paused' | 'parked' | 'lost'
  readonly attempts: number
  readonly reason: ItemReason | undefined
}

export interface PendingMutation {
  readonly type: 'insert' | 'update' | 'upsert' | 'delete'
  readonly id: string
  readonly table: string
  readonly rowId: string
  /** The values written, as JSON. */
  readonly data: Readonly<Record<string, unknown>>
  readonly state: 'waiting' | 'sending' | 'sent' | 'paused' | 'conflict' | 'parked'
  readonly attempts: number
  readonly reason: ItemReason | undefined
  /** Blobs and earlier writes that must be with the server first. */
  readonly waitsFor: { readonly blobs: readonly BlobHash[]; readonly mutations: readonly string[] }
}
