/**
 * A write on its way. Await it to know that the write survives a crash of this page (it never waits for the network); await
 * `synced` to know that the server has all of it.
 */
abstract class PendingWrite<Value> implements PromiseLike<Value> {
  readonly #committed: Promise<Value>
  readonly #synced: () => Promise<Value>

  constructor(committed: Promise<Value>, synced: () => Promise<Value>) {
    this.#committed = committed
    this.#synced = synced
  }

  /**
   * Resolves when the server has every row of the write and all of their bytes, in whichever session of this page. Rejects with what the write
   * itself rejects with, and with `DISCARDED` when the write is taken back.
   */
  get synced(): Promise<Value> {
    // Whoever waits for this hears of the write's own failure here.
    this.#committed.catch(() => undefined)
    return this.#synced()
  }

  then<A = Value, B = never>(onDone?: ((value: Value) => A | PromiseLike<A>) | null, onFailed?: ((reason: unknown) => B | PromiseLike<B>) | null): Promise<A | B> {
    return this.#committed.then(onDone, onFailed)
  }

  catch<B = never>(onFailed?: ((reason: unknown) => B | PromiseLike<B>) | null): Promise<Value | B> {
    return this.#committed.catch(onFailed)
  }

  finally(onSettled?: (() => void) | null): Promise<Value> {
    return this.#committed.finally(onSettled)
  }
}

/** What a write of one row gives back. */
export class WriteResult<Value> extends PendingWrite<Value> {
  /** As shown from now on; taken back when the write rejects. For an update before storage is open: `undefined`. */
  readonly row: Value | undefined

  constructor(row: Value | undefined, committed: Promise<Value>, synced: () => Promise<Value>) {
    super(committed, synced)
    this.row = row
  }
}

/** What a batch gives back: what its function answered, once all of it is stored. */
export class BatchResult<Value> extends PendingWrite<Value> {}
