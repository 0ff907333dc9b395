import type { PendingItem } from './events.ts'
import { BseError } from './errors.ts'
import type { MutationRecord } from './model/mutation.ts'
import { supersededBlobs, type SupersededBlob } from './mutation/superseded.ts'
import { SUPERSEDED_KEY } from './state/keys.ts'
import { pause, resume } from './state/pause.ts'
import { sendNow } from './state/send-now.ts'
import type { Mirror } from './tabs/mirror.ts'
import {
  cancelMutation, cancelUpload, discardMutation, hurryMutations, hurryUploads, retryMutation, retryUpload, type ActionDeps,
} from './user-actions.ts'
import { isBlobHash, type BlobHash } from './wire/blob-hash.ts'

/** What is on its way to servers, and what a person may do about it. Ids are those of `pending()`. From any tab. */
export interface OfflineQueue {
  /** Everything that no server has yet. */
  pending(): Promise<readonly PendingItem[]>
  /**
   * Sends now: what waits for a time is due at once. Resolves when everything that was pending is sent, or cannot go on by itself:
   * it failed again, is parked or paused, waits for something that is, or for a network that costs less. Look at `pending()` for what is left.
   *
   * @throws the signal's reason; the run itself goes on.
   */
  flush(options?: { readonly signal?: AbortSignal }): Promise<void>
  /** Holds everything back, or one item and what depends on it, until `resume`, also after a reload. What an upload has sent stays sent. */
  pause(id?: string): Promise<void>
  /** Without an id, single items go on too. */
  resume(id?: string): Promise<void>
  /**
   * Gives up sending an item and parks it with the reason `CANCELLED`. Its row and its bytes stay here; `retry` sends it after all,
   * `discard` of the write takes the row back.
   *
   * @throws BseError `REJECTED` for a write that is on its way; `NOT_FOUND`.
   */
  cancel(id: string): Promise<void>
  /** Tries a parked item again; of a conflict, puts the person's values over the server's. @throws BseError `NOT_FOUND`. */
  retry(id: string): Promise<void>
  /** Takes a queued write back. @throws BseError `REJECTED` when the server has it: then write the opposite; `NOT_FOUND`. */
  discard(id: string): Promise<void>
  /** References that lost a conflict, the last first, a hundred at most. As long as they are here their bytes stay on this device. */
  superseded(): Promise<readonly SupersededBlob[]>
}

export interface OfflineQueueDeps extends ActionDeps {
  readonly mirror: Mirror
  readonly opened: () => Promise<void>
  readonly closing: AbortSignal
  readonly pending: () => readonly PendingItem[]
  /** Resolves when the writes that this tab has been told of are queued or refused. */
  readonly written: (signal: AbortSignal) => Promise<void>
  /** Ends an open conflict. */
  readonly decide: (record: MutationRecord, outcome: 'local' | 'remote') => Promise<void>
  /** Waits for the end of a run that begins now. */
  readonly run: (signal: AbortSignal) => Promise<void>
  /** False: bytes go when the person says so. */
  readonly sendsByItself: boolean
  /** Tells whichever tab does the work. */
  readonly hurry: () => void
}

export function offlineQueue(deps: OfflineQueueDeps): OfflineQueue {
  const { mirror, state, opened } = deps
  const record = (id: string): MutationRecord => {
    for (const one of mirror.mutations.values()) if (one.id === id) return one
    throw new BseError('NOT_FOUND', 'core.offline: nothing of this id is pending', { what: 'row', id })
  }
  const letGo = async (hashes: readonly BlobHash[]): Promise<void> => {
    if (!deps.sendsByItself && hashes.length > 0) await sendNow(state, hashes, (hash) => mirror.ledger.has(hash))
  }
  const isKnown = (id: string): boolean => deps.pending().some((item) => item.id === id)
  const onItem = async (id: string, upload: ((id: BlobHash) => Promise<void>) | undefined, write: (record: MutationRecord) => Promise<void>): Promise<void> => {
    await opened()
    await (upload !== undefined && isBlobHash(id) ? upload(id) : write(record(id)))
  }
  return {
    pending: async () => {
      await opened()
      await mirror.caughtUp(deps.closing)
      return deps.pending()
    },
    flush: async ({ signal } = {}) => {
      await opened()
      const ends = signal === undefined ? deps.closing : AbortSignal.any([signal, deps.closing])
      await deps.written(ends)
      await mirror.caughtUp(ends)
      const run = deps.run(ends)
      run.catch(() => undefined)
      await Promise.all([letGo([...mirror.ledger.keys()]), hurryUploads(deps, [...mirror.ledger.keys()]), hurryMutations(deps, mirror.queue().map(({ seq }) => seq))])
      deps.hurry()
      await run
    },
    pause: async (id) => {
      await opened()
      if (id !== undefined && !isKnown(id)) throw new BseError('NOT_FOUND', 'core.offline.pause: nothing of this id is pending', { what: 'row', id })
      await pause(state, id, isKnown)
    },
    resume: async (id) => {
      await opened()
      await resume(state, id)
    },
    cancel: (id) => onItem(id, (hash) => cancelUpload(deps, hash), (one) => cancelMutation(deps, one)),
    retry: (id) => onItem(id, (hash) => retryUpload(deps, hash).then(() => letGo([hash])), (one) => (one.state.is === 'conflict' ? deps.decide(one, 'local') : retryMutation(deps, one))),
    discard: (id) => onItem(id, undefined, (one) => (one.state.is === 'conflict' ? deps.decide(one, 'remote') : discardMutation(deps, one))),
    superseded: async () => {
      await opened()
      const [value] = await state.get([SUPERSEDED_KEY])
      return supersededBlobs(value).toReversed()
    },
  }
}
