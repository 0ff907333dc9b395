import type { BlobHash, ErrorWire } from '@bse/core/wire'

/** How many pieces of a stream may be on their way to the worker before it says `more`. */
export const PIECES_AHEAD = 4

/** From the page to the worker. `call` names one stage; a worker works on several at a time. */
export type ToWorker =
  /** First of all. The worker holds this Web Lock for as long as it lives: whoever gets it knows that the worker is dead. */
  | { readonly is: 'hello'; readonly lifeLock: string; readonly path: readonly string[] }
  | {
      readonly is: 'stage'
      readonly call: number
      readonly stageId: string
      readonly expect: BlobHash | undefined
      /** Left out for a stream, whose pieces follow. */
      readonly blob: Blob | undefined
    }
  | { readonly is: 'piece'; readonly call: number; readonly bytes: Uint8Array<ArrayBuffer> }
  | { readonly is: 'end'; readonly call: number }
  /** Answered by `aborted`, or by what crossed it on the way. */
  | { readonly is: 'abort'; readonly call: number }

/** From the worker to the page. Each stage gets exactly one of the last four. */
export type FromWorker =
  | { readonly is: 'ready' }
  | { readonly is: 'unsupported' }
  | { readonly is: 'more'; readonly call: number }
  | { readonly is: 'staged'; readonly call: number; readonly hash: BlobHash; readonly sizeBytes: number }
  | { readonly is: 'failed'; readonly call: number; readonly error: ErrorWire }
  /** The blob itself could not be read: the error is the source's, not the store's. */
  | { readonly is: 'unreadable'; readonly call: number; readonly name: string; readonly message: string }
  | { readonly is: 'aborted'; readonly call: number }
