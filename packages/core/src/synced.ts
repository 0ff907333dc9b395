import { BseError } from './errors.ts'
import type { MutationRecord } from './model/mutation.ts'
import { discardedIds, DISCARDED_KEY } from './mutation/discarded.ts'
import type { Enqueued } from './mutation/enqueue.ts'
import type { QueueView } from './mutation/overlay.ts'
import type { StateStore } from './provider/state-store.ts'

interface Waiter {
  readonly id: string
  readonly seq: number
  resolve(): void
  reject(error: unknown): void
}

/** Tells when queued writes are with the server: their record leaves the queue without having been discarded. */
export class SyncedWaiters {
  readonly #bySeq: Map<number, Set<Waiter>> = new Map()
  readonly #state: StateStore

  constructor(state: StateStore) {
    this.#state = state
  }

  wait(enqueued: Enqueued | undefined, view: QueueView): Promise<void> {
    // A delete that met an insert which nobody had seen: there is nothing left to tell anybody.
    if (enqueued?.id === undefined) return Promise.resolve()
    const { id, seq } = enqueued
    return new Promise((resolve, reject) => {
      const waiter: Waiter = { id, seq, resolve, reject }
      this.#bySeq.set(seq, (this.#bySeq.get(seq) ?? new Set()).add(waiter))
      if (view.queuedSoFar >= seq && !view.mutations.has(seq) && !view.isAside(seq)) this.#gone(seq)
    })
  }

  changed(seq: number, record: MutationRecord | undefined): void {
    if (record === undefined) this.#gone(seq)
  }

  close(error: unknown): void {
    for (const waiters of this.#bySeq.values()) for (const waiter of waiters) waiter.reject(error)
    this.#bySeq.clear()
  }

  #gone(seq: number): void {
    const waiters = this.#bySeq.get(seq)
    if (waiters === undefined) return
    this.#bySeq.delete(seq)
    this.#state.get([DISCARDED_KEY]).then(([value]) => {
      const discarded = new Set(discardedIds(value))
      for (const waiter of waiters) {
        if (discarded.has(waiter.id)) waiter.reject(new BseError('DISCARDED', 'core.synced: the write was taken back', { mutationId: waiter.id }))
        else waiter.resolve()
      }
    }, (error: unknown) => waiters.forEach((waiter) => waiter.reject(error)))
  }
}
