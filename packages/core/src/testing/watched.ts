/** Something that is waited for until it holds, or until it cannot hold any more. */
export class Watched {
  readonly #giveUpAfterMs: number
  readonly #listeners = new Set<() => void>()
  #failure: { readonly error: unknown } | undefined

  constructor(giveUpAfterMs: number) {
    this.#giveUpAfterMs = giveUpAfterMs
  }

  /** Whoever waits looks again. */
  changed(): void {
    for (const listener of [...this.#listeners]) listener()
  }

  /** Whoever waits, now or later, fails with this error. */
  fail(error: unknown): void {
    this.#failure ??= { error }
    this.changed()
  }

  throwIfFailed(): void {
    if (this.#failure !== undefined) throw this.#failure.error
  }

  async until(condition: () => boolean, what: string): Promise<void> {
    if (condition()) return
    await new Promise<void>((resolve, reject) => {
      const stop = (): void => {
        clearTimeout(timer)
        this.#listeners.delete(look)
      }
      const look = (): void => {
        if (this.#failure === undefined && !condition()) return
        stop()
        if (this.#failure === undefined) resolve()
        else reject(this.#failure.error)
      }
      const timer = setTimeout(() => {
        stop()
        reject(new Error(`still waiting: ${what}`))
      }, this.#giveUpAfterMs)
      this.#listeners.add(look)
      look()
    })
  }
}
