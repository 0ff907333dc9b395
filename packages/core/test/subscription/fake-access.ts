import type { HeldLock, RemoteRef, RemoteUrl } from '../../src/provider/index.ts'
import type { BlobAccess } from '../../src/subscription/index.ts'
import type { BlobHash } from '../../src/wire/index.ts'

/** Bytes under the hand of a test. After `hold`, `open` waits until `letGo`. */
export class FakeAccess implements BlobAccess {
  readonly bytes: Map<string, Blob> = new Map()
  readonly files: Map<string, Blob> = new Map()
  readonly opened: string[] = []
  readonly pins: Map<string, number> = new Map()
  failWith: unknown
  /** What to do when asked for what nobody wants any more: end with the reason, or answer all the same. */
  heedsAbort = true
  signed: RemoteUrl | undefined
  /** How often a URL was asked for anew. */
  renewed = 0
  readonly #gates: Map<string, PromiseWithResolvers<void>> = new Map()

  hold(hash: string): void {
    this.#gates.set(hash, Promise.withResolvers<void>())
  }

  letGo(): void {
    for (const gate of this.#gates.values()) gate.resolve()
    this.#gates.clear()
  }

  get pinned(): number {
    return [...this.pins.values()].reduce((sum, count) => sum + count, 0)
  }

  async open(ref: RemoteRef, { renews, signal }: { readonly renews: boolean; readonly signal: AbortSignal }): Promise<Blob | RemoteUrl | undefined> {
    this.opened.push(ref.hash)
    await this.#gates.get(ref.hash)?.promise
    if (this.heedsAbort) signal.throwIfAborted()
    if (this.failWith !== undefined) throw this.failWith
    if (renews) this.renewed += 1
    return this.bytes.get(ref.hash) ?? this.signed
  }

  provisional(hash: string): Blob | undefined {
    return this.files.get(hash)
  }

  async pin(hash: BlobHash): Promise<HeldLock> {
    this.pins.set(hash, (this.pins.get(hash) ?? 0) + 1)
    return { release: () => void this.pins.set(hash, (this.pins.get(hash) ?? 0) - 1) }
  }
}
