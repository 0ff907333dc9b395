import type { CacheEntry, CacheStore, StagedBytes } from '@bse/core/provider'
import { randomBytes } from '@bse/core/testing'
import { openDB } from 'idb'
import { onTestFinished } from 'vitest'
import { idbCache } from '../src/index.ts'

export const MIB: number = 1024 * 1024
/** For conditions that hold soon, on a machine that does other things too. */
export const WITHIN: { readonly timeout: number } = { timeout: 15_000 }

/** Opens a namespace of the test's own; it is erased when the test has finished. `reopen` stands for another tab. */
export function openFresh(): { store: CacheStore; namespace: string; reopen: () => CacheStore } {
  const namespace = `test-${crypto.randomUUID()}`
  onTestFinished(() => void indexedDB.deleteDatabase(databaseOf(namespace)))
  const reopen = (): CacheStore => {
    const store = idbCache()(namespace)
    onTestFinished(() => store.close())
    return store
  }
  return { store: reopen(), namespace, reopen }
}

export function databaseOf(namespace: string): string {
  return `bse-cache:${namespace}`
}

export async function put(store: CacheStore, bytes: Uint8Array<ArrayBuffer>): Promise<StagedBytes> {
  const staged = await store.stage(new Blob([bytes]))
  await store.publish(staged)
  return staged
}

export async function listed(store: CacheStore): Promise<readonly CacheEntry[]> {
  const entries: CacheEntry[] = []
  for await (const entry of store.list()) entries.push(entry)
  return entries
}

/** Random and not compressible, which a quota that counts compressed bytes needs. */
export function randomBlob(sizeBytes: number): Blob {
  return new Blob(Array.from({ length: Math.ceil(sizeBytes / MIB) }, () => randomBytes(MIB))).slice(0, sizeBytes)
}

/** How many records each part of the database has, seen from outside. */
export async function counts(namespace: string): Promise<{ blobs: number; staging: number; chunks: number }> {
  const db = await openDB(databaseOf(namespace))
  try {
    const [blobs, staging, chunks] = await Promise.all([db.count('blobs'), db.count('staging'), db.count('chunks')])
    return { blobs, staging, chunks }
  } finally {
    db.close()
  }
}

/** A source that gives `pieces` pieces of 1 MiB and then neither ends nor fails. */
export function stuckStream(pieces: number, onStuck: () => void): ReadableStream<Uint8Array> {
  let left = pieces
  return new ReadableStream<Uint8Array>({
    pull(controller) {
      if (left-- > 0) return controller.enqueue(randomBytes(MIB))
      onStuck()
      return new Promise(() => undefined)
    },
  })
}

/** Starts a worker of the tests, sends it a message and waits for its answer. */
export function ask(worker: Worker, message: unknown): Promise<unknown> {
  return new Promise((resolve, reject) => {
    worker.onmessage = ({ data }) => resolve(data)
    worker.onerror = (event) => reject(new Error(event.message))
    worker.postMessage(message)
  })
}
