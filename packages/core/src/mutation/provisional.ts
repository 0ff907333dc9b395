import { provisionalHash, type IdSource } from '../model/ids.ts'
import type { BlobRef } from '../wire/blob-ref.ts'
import { isJsonObject, type Json } from '../wire/json.ts'
import type { RowWire } from '../wire/mutation-wire.ts'

interface Provisional {
  readonly blob: Blob
  /** Its true reference, known as soon as it is hashed. */
  readonly hashed: Promise<BlobRef>
  /** Settles with the commit of the write that brings it. */
  readonly committed: Promise<unknown>
}

/** Bytes of this tab that have no hash yet, by their `pending:` name. */
export class ProvisionalBlobs {
  readonly #blobs: Map<string, Provisional> = new Map()

  /** A reference to show until the true one is known. */
  add(source: IdSource, blob: Blob, name: string | undefined, hashed: Promise<BlobRef>, committed: Promise<unknown>): BlobRef {
    const hash = provisionalHash(source)
    this.#blobs.set(hash, { blob, hashed, committed })
    hashed.catch(() => undefined)
    return { hash: hash as BlobRef['hash'], sizeBytes: blob.size, type: blob.type, ...(name === undefined ? {} : { name }) }
  }

  get(hash: string): Blob | undefined {
    return this.#blobs.get(hash)?.blob
  }

  remove(hash: string): void {
    this.#blobs.delete(hash)
  }

  /**
   * Puts true references in the place of provisional ones. `own` are the names that this very write brings; for others it waits
   * until their write is committed, for until then nobody has a claim on the bytes. Rejects as they do.
   */
  async resolve(values: RowWire, own: readonly string[]): Promise<RowWire> {
    return Object.fromEntries(await Promise.all(this.#settling(values, own)))
  }

  /** The same for values that were only seen: those of a write that was taken back were never there, and are left out. */
  async resolveSeen(values: RowWire, own: readonly string[]): Promise<RowWire> {
    const settled = await Promise.allSettled(this.#settling(values, own))
    return Object.fromEntries(settled.flatMap((one) => (one.status === 'fulfilled' ? [one.value] : [])))
  }

  /** Looked up at once: a name is forgotten as soon as its own write is done. */
  #settling(values: RowWire, own: readonly string[]): Promise<[string, Json]>[] {
    return Object.entries(values).map(async ([column, value]): Promise<[string, Json]> => {
      const name = isJsonObject(value) ? value.hash : value
      const pending = typeof name === 'string' ? this.#blobs.get(name) : undefined
      if (pending === undefined) return [column, value]
      const isOwn = own.includes(String(name))
      if (isOwn && isJsonObject(value)) return [column, await pending.hashed]
      if (isOwn) return [column, (await pending.hashed).hash]
      await pending.committed
      const { hash, type } = await pending.hashed
      return [column, isJsonObject(value) ? { ...value, hash, type } : hash]
    })
  }
}
