import type { Lease, Line } from '../model/lease.ts'

/** What a tab's picture of state shows of the lead: who has it, and whether those in line have their answer. */
export class Pulse {
  #lease: Lease | undefined
  #asked = 0
  readonly #listeners: Set<() => void> = new Set()

  /** Of the latest leader; 0 where nobody ever led. */
  get epoch(): number {
    return this.#lease?.epoch ?? 0
  }

  get asked(): number {
    return this.#asked
  }

  get answered(): number {
    return this.#lease?.answered ?? 0
  }

  /** Nobody leads, as far as the record says. */
  get isVacant(): boolean {
    return this.#lease === undefined || this.#lease.released === true
  }

  leaseSeen(lease: Lease | undefined): void {
    this.#lease = lease
    this.#tell()
  }

  lineSeen(line: Line | undefined): void {
    this.#asked = line?.asked ?? 0
    this.#tell()
  }

  /** Resolves when the condition holds; rejects with the signal's reason. */
  until(condition: () => boolean, signal: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      const end = (settle: () => void): void => {
        this.#listeners.delete(look)
        signal.removeEventListener('abort', giveUp)
        settle()
      }
      const look = (): void => {
        if (condition()) end(resolve)
      }
      const giveUp = (): void => end(() => reject(signal.reason))
      this.#listeners.add(look)
      signal.addEventListener('abort', giveUp, { once: true })
      if (signal.aborted) giveUp()
      else look()
    })
  }

  #tell(): void {
    for (const listener of [...this.#listeners]) listener()
  }
}
