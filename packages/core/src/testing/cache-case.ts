import type { CacheEntry, CacheStore, StagedBytes } from '../provider/cache-store.ts'
import type { BlobHash } from '../wire/blob-hash.ts'
import { bytesOf, sameBytes } from './bytes.ts'
import type { NamespaceContext } from './namespace-context.ts'
import { assert, type SuiteCase } from './suite.ts'

export type CacheCase = SuiteCase<NamespaceContext<CacheStore>>

/** The common way in: stage, then publish. */
export async function put(store: CacheStore, source: Blob | ReadableStream<Uint8Array>): Promise<StagedBytes> {
  const staged = await store.stage(source)
  await store.publish(staged)
  return staged
}

/** Ids of everything that is staged, as the sweep sees it; nothing is removed. */
export async function stagedIds(store: CacheStore): Promise<readonly string[]> {
  const ids: string[] = []
  await store.sweep((stageId) => ids.push(stageId) > 0)
  return ids
}

export async function listed(store: CacheStore): Promise<readonly CacheEntry[]> {
  const entries: CacheEntry[] = []
  for await (const entry of store.list()) entries.push(entry)
  return entries
}

export async function assertHolds(store: CacheStore, hash: BlobHash, bytes: Uint8Array, what: string): Promise<void> {
  const blob = await store.get(hash)
  assert(blob !== undefined, `${what}: absent`)
  assert(sameBytes(await bytesOf(blob), bytes), `${what}: other bytes came back`)
}

export async function assertAbsent(store: CacheStore, hash: BlobHash, what: string): Promise<void> {
  assert((await store.get(hash)) === undefined, `${what}: get gives bytes`)
}

export async function assertNothingStaged(store: CacheStore, what: string): Promise<void> {
  const ids = await stagedIds(store)
  assert(ids.length === 0, `${what}: ${ids.length} staged copies are left`)
}
