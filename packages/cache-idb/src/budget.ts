interface Waiting {
  readonly amount: number
  enter(): void
}

/** Lets work through as long as its cost fits; the rest waits in line. */
export class Budget {
  #free: number
  readonly #waiting: Waiting[] = []

  constructor(total: number) {
    this.#free = total
  }

  /** `amount` must not be more than the total. @throws the signal's reason when aborted while waiting. */
  async spend<T>(amount: number, work: () => Promise<T>, signal: AbortSignal): Promise<T> {
    await this.#enter(amount, signal)
    try {
      return await work()
    } finally {
      this.#free += amount
      this.#serve()
    }
  }

  async #enter(amount: number, signal: AbortSignal): Promise<void> {
    signal.throwIfAborted()
    await new Promise<void>((resolve, reject) => {
      const giveUp = (): void => {
        this.#waiting.splice(this.#waiting.indexOf(waiting), 1)
        this.#serve()
        reject(signal.reason)
      }
      const waiting: Waiting = {
        amount,
        enter: () => {
          signal.removeEventListener('abort', giveUp)
          resolve()
        },
      }
      signal.addEventListener('abort', giveUp, { once: true })
      this.#waiting.push(waiting)
      this.#serve()
    })
  }

  #serve(): void {
    for (let next = this.#waiting[0]; next !== undefined && next.amount <= this.#free; next = this.#waiting[0]) {
      this.#waiting.shift()
      this.#free -= next.amount
      next.enter()
    }
  }
}
