import { createHash, type Hash } from 'node:crypto'

/** What happened, in order: as a hash always, as lines when somebody wants to read it. */
export class Trace {
  readonly lines: string[] = []
  /** Counts everything that happens: the order of any two things. */
  tick = 0
  readonly #hash: Hash = createHash('sha256')
  readonly #keep: boolean

  constructor(keep: boolean) {
    this.#keep = keep
  }

  add(atMs: number, line: string): number {
    this.tick += 1
    const text = `${atMs.toFixed(0)} ${line}\n`
    this.#hash.update(text)
    if (this.#keep) this.lines.push(text.trimEnd())
    return this.tick
  }

  digest(): string {
    return this.#hash.copy().digest('hex').slice(0, 16)
  }
}
