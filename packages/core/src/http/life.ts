import { BseError } from '../errors.ts'

/** A provider from `connect` to `close`: what is under way then ends with `CLOSED`. */
export class ProviderLife<Connected> {
  readonly #adapter: string
  readonly #closing = new AbortController()
  #connected: Connected | undefined

  /** `adapter` appears in errors. */
  constructor(adapter: string) {
    this.#adapter = adapter
  }

  connect(connected: Connected): void {
    this.#connected = connected
  }

  /** Gives `work` what was connected, and a signal that fires also when the provider closes. */
  async run<T>(signal: AbortSignal, work: (connected: Connected, signal: AbortSignal) => Promise<T>): Promise<T> {
    if (this.#connected === undefined) throw new BseError('CONFIG_INVALID', `${this.#adapter}: not connected`, { option: 'connect' })
    const both = AbortSignal.any([signal, this.#closing.signal])
    both.throwIfAborted()
    return work(this.#connected, both)
  }

  /** The same for what comes piece by piece. */
  async *stream<T>(signal: AbortSignal, work: (connected: Connected, signal: AbortSignal) => AsyncIterable<T>): AsyncGenerator<T, void, undefined> {
    yield* await this.run(signal, async (connected, both) => work(connected, both))
  }

  close(): void {
    if (!this.#closing.signal.aborted) this.#closing.abort(new BseError('CLOSED', `${this.#adapter}: the provider is closed`, { what: 'provider' }))
  }
}
