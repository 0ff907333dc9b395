/** Pieces that the page sends, handed on one by one. Ends with `end`, fails with `fail`. */
export class PieceQueue {
  readonly #pieces: Uint8Array<ArrayBuffer>[] = []
  #ended = false
  #wake: (() => void) | undefined

  push(bytes: Uint8Array<ArrayBuffer>): void {
    this.#pieces.push(bytes)
    this.#wake?.()
  }

  end(): void {
    this.#ended = true
    this.#wake?.()
  }

  /** `onTaken` is called after each piece that the caller is done with. */
  async *take(onTaken: () => void, signal: AbortSignal): AsyncGenerator<Uint8Array<ArrayBuffer>, void, undefined> {
    const wake = (): void => this.#wake?.()
    signal.addEventListener('abort', wake)
    try {
      for (;;) {
        signal.throwIfAborted()
        const piece = this.#pieces.shift()
        if (piece === undefined) {
          if (this.#ended) return
          await new Promise<void>((resolve) => (this.#wake = resolve))
          continue
        }
        yield piece
        onTaken()
      }
    } finally {
      signal.removeEventListener('abort', wake)
    }
  }
}
