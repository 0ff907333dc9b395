import type { HocuspocusMessage } from './hocuspocus-wire.ts'

/**
 * Counts what one socket still owes us. The server answers the messages of a socket in order: each step 1 with a step 1 of
 * its own, each step 2 and each update with a status.
 *
 * Statuses alone prove nothing: the provider also flushes a queue from before the connection, of unknown length, whose
 * statuses look like any other (its `unsyncedChanges` reaches 0 too early for that reason). So after the handshake we send
 * one more step 1 as a barrier. Once it is answered, every older message has been dealt with, and from there on counting is exact.
 */
export class HocuspocusSession {
  /** Step 1 messages that may sit in the provider's queue: they get answers that are not the barrier's. */
  readonly #queuedSteps: number
  readonly #sendStep: () => void
  #answeredSteps = 0
  #barrierAt: number | undefined
  #unacknowledged = 0
  #refused = false

  constructor(queuedSteps: number, sendStep: () => void) {
    this.#queuedSteps = queuedSteps
    this.#sendStep = sendStep
  }

  get serverHasAll(): boolean {
    return this.#barrierPassed && this.#unacknowledged === 0 && !this.#refused
  }

  get #barrierPassed(): boolean {
    return this.#barrierAt !== undefined && this.#answeredSteps >= this.#barrierAt
  }

  /** The provider is about to send this. Its answer to the server's step 1 is not told apart, so `received` counts that one. */
  sent(message: HocuspocusMessage): void {
    if (message.is === 'update') this.#unacknowledged += 1
  }

  received(message: HocuspocusMessage): void {
    if (message.is === 'step-1') this.#receivedStep()
    if (message.is === 'status' && !message.applied) this.#refused = true
    if (message.is === 'status' && this.#barrierPassed) this.#unacknowledged = Math.max(0, this.#unacknowledged - 1)
  }

  /** Sends the barrier; when some older step 1 may still be answered, one more for each, so that the last answer surely is ours. */
  raiseBarrier(): void {
    this.#barrierAt = this.#answeredSteps + 1 + this.#queuedSteps
    this.#unacknowledged = 0
    for (let step = 0; step <= this.#queuedSteps; step++) this.#sendStep()
  }

  /** The provider answers with a step 2, which needs a status; it does so as soon as its listeners are through. */
  #receivedStep(): void {
    this.#answeredSteps += 1
    this.#unacknowledged += 1
    if (this.#answeredSteps === 1 && this.#barrierAt === undefined) queueMicrotask(() => this.raiseBarrier())
  }
}
