export interface Part {
  /** From 1. */
  readonly partNumber: number
  /** Exactly as long as asked, but for the last, which may be empty. */
  readonly bytes: Uint8Array<ArrayBuffer>
  readonly isLast: boolean
}

/** A stream cut into parts of one size, each in memory of its own. When `signal` fires, the body is let go and every read throws its reason. */
export class EqualParts {
  readonly #reader: ReadableStreamDefaultReader<Uint8Array>
  readonly #partBytes: number
  readonly #signal: AbortSignal
  readonly #onAbort = (): void => void this.cancel(this.#signal.reason)
  #rest = new Uint8Array()
  #partNumber = 0

  constructor(body: ReadableStream<Uint8Array>, partBytes: number, signal: AbortSignal) {
    this.#reader = body.getReader()
    this.#partBytes = partBytes
    this.#signal = signal
    signal.addEventListener('abort', this.#onAbort)
  }

  /** @throws the body's own error. */
  async next(): Promise<Part> {
    const bytes = new Uint8Array(this.#partBytes)
    let filled = this.#take(bytes, 0)
    while (filled < bytes.byteLength) {
      const next = await this.#reader.read()
      this.#signal.throwIfAborted()
      if (next.done) return this.#part(bytes.slice(0, filled), true)
      this.#rest = next.value as Uint8Array<ArrayBuffer>
      filled += this.#take(bytes, filled)
    }
    return this.#part(bytes, false)
  }

  /** Tells the body that nobody reads on; after its end this does nothing. */
  async cancel(reason?: unknown): Promise<void> {
    this.#signal.removeEventListener('abort', this.#onAbort)
    // A body that broke rejects with what its reader has thrown already.
    await this.#reader.cancel(reason).catch(() => undefined)
  }

  #part(bytes: Uint8Array<ArrayBuffer>, isLast: boolean): Part {
    return { partNumber: (this.#partNumber += 1), bytes, isLast }
  }

  /** Moves what is left of the last chunk; gives how much that was. */
  #take(target: Uint8Array, at: number): number {
    const taken = this.#rest.subarray(0, target.byteLength - at)
    target.set(taken, at)
    this.#rest = this.#rest.subarray(taken.byteLength)
    return taken.byteLength
  }
}
