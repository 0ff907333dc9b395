import type { ConflictResolution } from './model/conflict.ts'

export interface QueueOptions {
  /** False: a write while no server answers rejects with `OFFLINE`, and nothing of it is stored. Default true. */
  readonly queueMutations?: boolean
  /** False: the same for writes that bring bytes. Default true. */
  readonly queueUploads?: boolean
  /** False: an upload that was cut begins anew, and the store gives up what it had of it. Default true: it goes on by the store's own means. */
  readonly resumableUploads?: boolean
  /**
   * How much may wait for servers on this device, bytes and rows together: a number of bytes or a string such as `'1GB'`. A write that
   * would go over it rejects with `QUEUE_FULL`; what is queued stays. Default 1 GB.
   */
  readonly maxQueueSize?: number | string
  /** Default `'last-write-wins'`. `'manual'` asks `onConflict`. */
  readonly conflictResolution?: ConflictResolution
}
