import { createSyncEngine, type SyncEngine } from '../engine.ts'
import type { SyncEngineOptions } from '../engine-options.ts'
import { memoryCache, memoryChannels, memoryLocks, memoryState } from '../memory/index.ts'
import type { DataConnection, DataProvider } from '../provider/data-provider.ts'
import type { Connectivity, Environment } from '../provider/environment.ts'
import type { SchemaDefinition } from '../schema/index.ts'
import { FakeRemote, fakeBlobs, fakeData, withFault, type FakeWire, type Fault } from './fake-remote.ts'

/** What an app's test chooses; everything else is in memory. */
export type TestEngineOptions<S extends SchemaDefinition> =
  & Pick<SyncEngineOptions<S>, 'schema' | 'onConflict' | 'offline' | 'auth' | 'schemaVersion' | 'migrations'>
  /** A server that several devices share. Left out: one of its own. */
  & { readonly remote?: FakeRemote }

/** The way between the device and its server. */
export interface TestNetwork {
  readonly online: boolean
  /** From now on no call arrives, and the platform says so. */
  goOffline(): void
  goOnline(): void
  /** What happens to each call (`upload`, `push`, `changes`, …) while online; `undefined` for nothing. */
  fault: Fault | undefined
}

/** An engine in memory, whose server and network are in the hand of a test. */
export interface TestApp<S extends SchemaDefinition> {
  readonly sync: SyncEngine<S>
  /** What the server has: `rows`, `blobs`, and how to change them as somebody else would. */
  readonly remote: FakeRemote
  readonly network: TestNetwork
  /**
   * Resolves when nothing is under way any more: what was written is sent (offline: stored), what the server has is shown. What waits for a
   * person, and what the network fails, is left as it is.
   */
  settle(): Promise<void>
  /** As if the person closed the page and opened it again: another engine over the same storage. `sync` of the old one is closed. */
  reload(): Promise<TestApp<S>>
  close(): Promise<void>
}

/** What lives through a reload. */
interface Device {
  readonly parts: Pick<SyncEngineOptions<SchemaDefinition>, 'state' | 'cache' | 'environment' | 'blobs'>
  readonly wire: DeviceWire
}

let devices = 0

/** @throws BseError `CONFIG_INVALID` as `createSyncEngine` does. */
export function testEngine<const S extends SchemaDefinition>(options: TestEngineOptions<S>): TestApp<S> {
  const { remote = new FakeRemote(), ...own } = options
  devices += 1
  return openApp<S>(own, `test-device-${devices}`, remote, newDevice(remote))
}

function openApp<S extends SchemaDefinition>(options: Omit<TestEngineOptions<S>, 'remote'>, name: string, remote: FakeRemote, device: Device): TestApp<S> {
  const { parts, wire } = device
  const received = new Received(remote)
  const sync = createSyncEngine<S>({ ...options, ...parts, name, data: received.follow(fakeData(remote, wire)) })
  return {
    sync, remote, network: wire,
    settle: async () => {
      await sync.offline.flush()
      if (wire.online && wire.fault === undefined) await received.everything()
      // What was committed a moment ago is shown within a turn of the event loop.
      await new Promise((resolve) => setTimeout(resolve, 0))
    },
    reload: async () => {
      await sync.close()
      const app = openApp(options, name, remote, device)
      await app.sync.ready
      return app
    },
    close: () => sync.close(),
  }
}

function newDevice(remote: FakeRemote): Device {
  const wire = new DeviceWire(remote)
  const environment: Environment = {
    clock: {
      nowMs: () => Date.now(),
      monotonicMs: () => performance.now(),
      timer: (delayMs, callback) => {
        const handle = setTimeout(callback, Math.max(0, delayMs))
        return () => clearTimeout(handle)
      },
    },
    connectivity: wire, locks: memoryLocks(), lifecycle: { subscribe: () => () => undefined }, channel: memoryChannels(), random: () => Math.random(),
    randomBytes: (length) => crypto.getRandomValues(new Uint8Array(length)), fetch: (input, init) => globalThis.fetch(input, init),
  }
  return { parts: { state: memoryState(), cache: { backend: memoryCache() }, environment, blobs: fakeBlobs(remote, 'test:blobs', wire) }, wire }
}

/** One device's way to a server that it may share. */
class DeviceWire implements TestNetwork, Connectivity, FakeWire {
  fault: Fault | undefined
  #online = true
  readonly #remote: FakeRemote
  readonly #listeners: Set<(online: boolean) => void> = new Set()

  constructor(remote: FakeRemote) {
    this.#remote = remote
  }

  get online(): boolean {
    return this.#online
  }

  subscribe(listener: (online: boolean) => void): () => void {
    this.#listeners.add(listener)
    return () => void this.#listeners.delete(listener)
  }

  goOffline(): void {
    this.#switchTo(false)
  }

  goOnline(): void {
    this.#switchTo(true)
  }

  call<T>(name: string, run: () => Promise<T>): Promise<T> {
    const fault = this.#online ? (this.fault ?? ((): 'pass' => 'pass')) : (): 'fail-before' => 'fail-before'
    return withFault(fault, name, () => this.#remote.call(name, run))
  }

  #switchTo(online: boolean): void {
    this.#online = online
    for (const tell of [...this.#listeners]) tell(online)
  }
}

/** How far an engine has taken in what its server has. */
class Received {
  readonly #remote: FakeRemote
  readonly #waiting: Set<() => void> = new Set()
  #committed = 0

  constructor(remote: FakeRemote) {
    this.#remote = remote
  }

  follow(provider: DataProvider): DataProvider {
    return { ...provider, connect: async (context) => this.#following(await provider.connect(context)) }
  }

  async everything(): Promise<void> {
    while (this.#committed < this.#remote.log.length) await new Promise<void>((resolve) => this.#waiting.add(resolve))
  }

  #following(connection: DataConnection): DataConnection {
    const took = (cursor: unknown): void => {
      this.#committed = typeof cursor === 'number' ? cursor : this.#committed
      for (const tell of [...this.#waiting]) tell()
      this.#waiting.clear()
    }
    return {
      push: (mutations, options) => connection.push(mutations, options),
      close: () => connection.close(),
      async *changes(options) {
        took(options.cursor)
        for await (const batch of connection.changes(options)) {
          yield batch
          // Asked for the next one: this one was committed.
          took(batch.cursor)
        }
      },
    }
  }
}
