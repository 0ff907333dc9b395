import { createSyncEngine, platformEnvironment, type CacheOptions, type Environment, type SyncEngine } from '../../src/index.ts'
import { memoryCache, memoryChannels, memoryLocks, memoryState } from '../../src/memory/index.ts'
import type { CacheFactory, HeldLock, LockRequest, Locks, OpenTabChannel, PlatformStorage, StateFactory } from '../../src/provider/index.ts'
import { fakeBlobs, fakeData, type FakeRemote } from '../../src/testing/index.ts'

export const schema = {
  albums: { id: 'uuid', title: 'string' },
  photos: {
    id: 'uuid', title: 'string', albumId: { type: 'ref', table: 'albums', optional: true }, takenAt: { type: 'datetime', optional: true },
    image: { type: 'blob', mimeTypes: ['image/*'], maxSize: '1MB' }, audio: { type: 'blob', mimeTypes: ['audio/*'], optional: true },
  },
} as const

export type TestEngine = SyncEngine<typeof schema>

/** What survives a tab: its stores and locks. One object is one device. */
export interface Device {
  readonly state: StateFactory
  readonly cache: CacheFactory
  readonly locks: ReturnType<typeof memoryLocks>
  readonly channel: OpenTabChannel
}

export function newDevice(): Device {
  return { state: memoryState(), cache: memoryCache(), locks: memoryLocks(), channel: memoryChannels() }
}

/** Locks and channels of the device, whatever the engines of its tabs are called. */
export function tabEnvironment(device: Device): Environment {
  const acquire = (name: string, request: LockRequest): Promise<HeldLock | undefined> => device.locks.acquire(name.replace(/^bse\/[^/]+\//, 'bse/shared/'), request)
  return { ...platformEnvironment(), locks: { acquire: acquire as Locks['acquire'] }, channel: (_, onMessage) => device.channel('tabs', onMessage) }
}

export interface TabOptions {
  readonly name?: string
  readonly inlineMaxBytes?: number
  /** Of the cache, beside the backend. */
  readonly cache?: Omit<CacheOptions, 'backend'>
  readonly storage?: PlatformStorage
}

let engines = 0

/** A tab of a device. `openNames` is by page, so tabs in one process differ in name only where the device differs. */
export function openTab(device: Device, remote: FakeRemote, options: TabOptions = {}): TestEngine {
  return createSyncEngine({
    name: options.name ?? `test-${(engines += 1)}`,
    schema,
    state: () => device.state('shared'),
    cache: { backend: () => device.cache('shared'), inlineMaxBytes: options.inlineMaxBytes ?? 1_000, ...options.cache },
    blobs: fakeBlobs(remote),
    data: fakeData(remote),
    environment: { ...tabEnvironment(device), ...(options.storage === undefined ? {} : { storage: options.storage }) },
  })
}

export function image(sizeBytes: number, seed = 1): Blob {
  const bytes = new Uint8Array(sizeBytes)
  for (let index = 0; index < sizeBytes; index++) bytes[index] = (index * 31 + seed * 17 + (index >> 8)) % 251
  return new Blob([bytes], { type: 'image/jpeg' })
}
