import type { ByteRange, CacheEntry, CacheStore, StagedBytes, StageOptions } from '@bse/core/provider'
import { parseBlobHash, type BlobHash } from '@bse/core/wire'
import { Budget } from './budget.ts'
import { WINDOW_BYTES } from './chunks.ts'
import { Commits } from './commits.ts'
import { Connection } from './connection.ts'
import { eraseDatabase, type CacheDatabase } from './database.ts'
import { toStorageError } from './idb-error.ts'
import { deleteBlob, dropStage, publishStage } from './jobs.ts'
import { Lifetime } from './lifetime.ts'
import { readBlob, readRange } from './read-blob.ts'
import { stageBytes } from './stage.ts'

const PAGE_SIZE = 500
/** How many bytes of Blobs are being staged at once. A stream waits for the network, and must not keep files waiting behind it. */
const BLOB_BUDGET_BYTES = 32 * 1024 * 1024

export class IdbStore implements CacheStore {
  readonly name = 'idb'
  readonly durable = true
  readonly #namespace: string
  readonly #connection: Connection
  readonly #commits: Commits
  readonly #lifetime = new Lifetime()
  readonly #budget = new Budget(BLOB_BUDGET_BYTES)

  constructor(namespace: string) {
    this.#namespace = namespace
    this.#connection = new Connection(namespace)
    this.#commits = new Commits(this.#connection)
  }

  stage(source: Blob | ReadableStream<Uint8Array>, options: StageOptions = {}): Promise<StagedBytes> {
    return this.#lifetime.run(async () => {
      const { closing } = this.#lifetime
      const signal = options.signal === undefined ? closing : AbortSignal.any([options.signal, closing])
      signal.throwIfAborted()
      const request = { stageId: newStageId(options.owner), source, expect: options.expect, signal }
      const stage = (): Promise<StagedBytes> => stageBytes(this.#commits, request)
      // One window on its way to disk, one being read.
      return source instanceof Blob ? this.#budget.spend(Math.min(source.size, 2 * WINDOW_BYTES), stage, signal) : stage()
    })
  }

  publish(staged: StagedBytes): Promise<'published' | 'already-present'> {
    return this.#lifetime.run(() => this.#commits.add(publishStage(staged)))
  }

  discard(stageId: string): Promise<void> {
    return this.#lifetime.run(() => this.#commits.add(dropStage('discard', stageId)))
  }

  sweep(isAlive: (stageId: string) => boolean): Promise<void> {
    return this.#lifetime.run(async () => {
      const stageIds = await this.#connection.read('sweep', (db) => db.getAllKeys('staging'))
      const dead = stageIds.filter((stageId) => !isAlive(stageId))
      await Promise.all(dead.map((stageId) => this.#commits.add(dropStage('sweep', stageId))))
    })
  }

  get(hash: BlobHash): Promise<Blob | undefined> {
    return this.#lifetime.run(() => readBlob(this.#connection, hash))
  }

  read(hash: BlobHash, range: ByteRange): Promise<ReadableStream<Uint8Array> | undefined> {
    return this.#lifetime.run(() => readRange(this.#connection, hash, range))
  }

  delete(hash: BlobHash): Promise<'deleted' | 'absent' | 'busy'> {
    return this.#lifetime.run(() => this.#commits.add(deleteBlob(hash)))
  }

  async *list({ signal }: { readonly signal?: AbortSignal } = {}): AsyncGenerator<CacheEntry, void, undefined> {
    let after = ''
    for (;;) {
      signal?.throwIfAborted()
      const page = await this.#lifetime.run(() => this.#connection.read('list', (db) => readPage(db, after)))
      for (const { key, sizeBytes } of page) {
        signal?.throwIfAborted()
        this.#lifetime.closing.throwIfAborted()
        const hash = parseBlobHash(key)
        if (hash !== undefined) yield { hash, sizeBytes }
      }
      if (page.length < PAGE_SIZE) return
      after = page.at(-1)?.key ?? after
    }
  }

  async destroy(): Promise<void> {
    await this.close()
    await eraseDatabase(this.#namespace).catch((error: unknown) => { throw toStorageError(error, 'destroy') })
  }

  async close(): Promise<void> {
    await this.#lifetime.end()
    await this.#connection.close()
  }
}

/** Begins with its owner, so that whoever sweeps can ask whether that one lives. */
function newStageId(owner: string | undefined): string {
  const id = Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, '0')).join('')
  return owner === undefined ? id : `${owner}-${id}`
}

async function readPage(db: CacheDatabase, after: string): Promise<readonly { readonly key: string; readonly sizeBytes: number }[]> {
  const range = IDBKeyRange.lowerBound(after, true)
  const tx = db.transaction('blobs')
  const [keys, records] = await Promise.all([tx.store.getAllKeys(range, PAGE_SIZE), tx.store.getAll(range, PAGE_SIZE), tx.done])
  return keys.map((key, n) => ({ key, sizeBytes: records[n]?.sizeBytes ?? 0 }))
}
