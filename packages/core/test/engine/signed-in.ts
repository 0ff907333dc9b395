import { BseError, createSyncEngine, platformEnvironment, type AuthCallback } from '../../src/index.ts'
import { memoryCache, memoryLocks, memoryState } from '../../src/memory/index.ts'
import type { BlobProvider, CacheFactory, Environment, HeldLock, LockRequest, Locks, ProviderContext, StateFactory } from '../../src/provider/index.ts'
import { fakeBlobs, fakeData, type FakeRemote } from '../../src/testing/index.ts'
import type { Json } from '../../src/wire/json.ts'
import { schema, type TestEngine } from './harness.ts'

/** A device whose storage is kept by namespace, as in a browser. */
export class PersonalDevice {
  readonly #state = memoryState()
  readonly #cache = memoryCache()
  readonly locks: Locks = memoryLocks()
  readonly #namespaces = new Set<string>()

  /** Engines of one process differ in name; what they store on this device does not. */
  readonly state: StateFactory = (namespace) => {
    const shared = namespace.replace(/^[^@]*/, 'device')
    this.#namespaces.add(shared)
    return this.#state(shared)
  }

  readonly cache: CacheFactory = (namespace) => ({ ...this.#cache(namespace.replace(/^[^@]*/, 'device')), name: 'disk', durable: true })

  /** All that is kept, as text: records and bytes. */
  async everything(): Promise<string> {
    const found: string[] = []
    for (const namespace of this.#namespaces) {
      for await (const page of this.state(namespace).read({ from: ' ', to: '\x7f' })) {
        for (const { key, value } of page) found.push(`${key} ${JSON.stringify(value, (_, one: unknown) => (one instanceof Uint8Array ? new TextDecoder().decode(one) : one))}`)
      }
      const cache = this.cache(namespace)
      for await (const { hash } of cache.list()) found.push(`${hash} ${(await (await cache.get(hash))?.text()) ?? ''}`)
    }
    return found.join('\n')
  }

  /** A write in every queue that is there becomes one that nobody can read. */
  async rot(): Promise<void> {
    for (const namespace of this.#namespaces) {
      const state = this.state(namespace)
      const [queued] = await state.get(['meta/mutation-seq'])
      if (queued !== undefined) await state.update([], () => ({ ops: [{ put: 'mut/0000000000000001', value: { v: 1, says: 'nothing' } }], result: undefined }), { durability: 'strict' })
    }
  }

  environment(): Environment {
    return { ...platformEnvironment(), locks: this.locks }
  }
}

interface TabParts {
  readonly state: StateFactory
  readonly cache: CacheFactory
  readonly environment: Environment
}

let engines = 0

/** A tab of a device in which somebody is signed in. */
export function personalTab(parts: TabParts, remote: FakeRemote, auth: AuthCallback | undefined): TestEngine {
  const name = `personal-${(engines += 1)}`
  const acquire = (asked: string, request: LockRequest): Promise<HeldLock | undefined> => parts.environment.locks.acquire(asked.replace(name, 'device'), request)
  return createSyncEngine({
    name, schema, state: parts.state, cache: { backend: parts.cache, inlineMaxBytes: 1_000 }, blobs: fakeBlobs(remote), data: fakeData(remote),
    environment: { ...parts.environment, locks: { acquire: acquire as Locks['acquire'] } },
    ...(auth === undefined ? {} : { auth }),
  })
}

export function signedInAs(userId: string): AuthCallback {
  return async () => ({ userId, headers: { authorization: `Bearer ${userId}` } })
}

/** A photo whose bytes can be searched for. */
export function marked(marker: string, sizeBytes: number): Blob {
  return new Blob([marker.padEnd(sizeBytes, '.')], { type: 'image/jpeg' })
}

/** Bytes whose server wants a bearer that is valid now; each uploads in steps of 1,000 bytes with a checkpoint. */
export function guardedBlobs(remote: FakeRemote, isValid: (bearer: string | undefined) => boolean, beforeStep: () => void): { readonly blobs: BlobProvider; sentBytes(): number } {
  const inner = fakeBlobs(remote)
  let context: ProviderContext | undefined
  let sent = 0
  const asked = async <T>(run: () => Promise<T>): Promise<T> => {
    const first = await context?.auth('start')
    if (isValid(first?.headers.authorization)) return run()
    const second = await context?.auth('expired', first)
    if (isValid(second?.headers.authorization)) return run()
    throw new BseError('UNAUTHORIZED', 'guarded: refused', {})
  }
  const blobs: BlobProvider = {
    ...inner,
    connect: (given) => { context = given },
    stat: (hashes, options) => asked(() => inner.stat(hashes, options)),
    upload: async (task, io) => {
      let offset = Number((io.checkpoint as { readonly offset?: Json } | undefined)?.offset ?? 0)
      while (offset < task.sizeBytes) {
        beforeStep()
        const step = Math.min(1_000, task.sizeBytes - offset)
        await asked(async () => { sent += step })
        offset += step
        await io.saveCheckpoint({ offset })
      }
      return inner.upload(task, io)
    },
  }
  return { blobs, sentBytes: () => sent }
}
