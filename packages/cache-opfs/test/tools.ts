import type { CacheEntry, CacheStore, StagedBytes } from '@bse/core/provider'
import { randomBytes } from '@bse/core/testing'
import { onTestFinished } from 'vitest'
import { opfsCache, type OpfsCacheOptions } from '../src/index.ts'

export const MIB: number = 1024 * 1024
/** For conditions that hold soon, on a machine that does other things too. */
export const WITHIN: { readonly timeout: number } = { timeout: 15_000 }

/** Opens a namespace of the test's own; it is erased when the test has finished. */
export function openFresh(options: OpfsCacheOptions = {}): { store: CacheStore; namespace: string; reopen: () => CacheStore } {
  const namespace = `test-${crypto.randomUUID()}`
  const open = opfsCache(options)
  onTestFinished(() => open(namespace).destroy())
  const reopen = (): CacheStore => {
    const store = open(namespace)
    onTestFinished(() => store.close())
    return store
  }
  return { store: reopen(), namespace, reopen }
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

export async function namesIn(namespace: string, folder: 'blobs' | 'staging'): Promise<readonly string[]> {
  const names: string[] = []
  for await (const name of (await folderOf(namespace, folder)).keys()) names.push(name)
  return names
}

export async function folderOf(namespace: string, folder: 'blobs' | 'staging'): Promise<FileSystemDirectoryHandle> {
  const root = await navigator.storage.getDirectory()
  const bse = await root.getDirectoryHandle('bse', { create: true })
  const own = await bse.getDirectoryHandle(namespace, { create: true })
  return own.getDirectoryHandle(folder, { create: true })
}

/** A source that gives `pieces` pieces of 1 MiB and then neither ends nor fails. */
export function stuckStream(pieces: number, onStuck: () => void, onCancel?: (reason: unknown) => void): ReadableStream<Uint8Array> {
  let left = pieces
  return new ReadableStream<Uint8Array>({
    pull(controller) {
      if (left-- > 0) return controller.enqueue(randomBytes(MIB))
      onStuck()
      return new Promise(() => undefined)
    },
    cancel: (reason) => onCancel?.(reason),
  })
}

/** Starts a worker of the tests, sends it a message and waits for its answer. */
export async function startWorker(worker: Worker, message: unknown): Promise<Worker> {
  onTestFinished(() => worker.terminate())
  await ask(worker, message)
  return worker
}

export function ask(worker: Worker, message: unknown): Promise<unknown> {
  return new Promise((resolve, reject) => {
    worker.onmessage = ({ data }) => resolve(data)
    worker.onerror = (event) => reject(new Error(event.message))
    worker.postMessage(message)
  })
}
