import type { BlobHash, ErrorWire } from '@bse/core/wire'
import type { PutResult } from './blob-storage.ts'

/** To the worker. The order for one `id` is `begin`, any number of `block`, then `end` or `fail`. */
export type ToHashWorker =
  | { readonly say: 'begin'; readonly id: number; readonly space: string; readonly hash: BlobHash }
  /** The buffer is transferred, never copied. */
  | { readonly say: 'block'; readonly id: number; readonly bytes: ArrayBuffer }
  | { readonly say: 'end'; readonly id: number }
  /** The body broke: what was written of it goes. */
  | { readonly say: 'fail'; readonly id: number }

/** From the worker. `wants`: one more block, `end` or `fail` may be sent. `done` and `failed` are the last word. */
export type FromHashWorker =
  | { readonly say: 'wants'; readonly id: number }
  | { readonly say: 'done'; readonly id: number; readonly result: PutResult }
  | { readonly say: 'failed'; readonly id: number; readonly error: ErrorWire }

export interface HashWorkerData {
  readonly directory: string
}
