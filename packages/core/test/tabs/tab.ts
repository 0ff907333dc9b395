import { createSyncEngine, platformEnvironment, type AuthCallback } from '../../src/index.ts'
import { memoryLocks } from '../../src/memory/index.ts'
import type { BlobProvider, Environment, HeldLock, LockRequest, Locks, StateStore } from '../../src/provider/index.ts'
import { fakeBlobs, fakeData, type FakeRemote } from '../../src/testing/index.ts'
import { schema, type Device, type TestEngine } from '../engine/harness.ts'

/** So that what the machine does in other threads is done while little of a test's time has passed. */
const MAX_STEP_MS = 5_000

/** Time that passes when a test says so. */
export class TestTime {
  /** What the device believes of the time of day, beside what has passed. */
  wallOffsetMs = 1_800_000_000_000
  #nowMs = 1_000_000
  readonly #timers = new Set<{ readonly atMs: number; readonly run: () => void }>()

  get nowMs(): number {
    return this.#nowMs
  }

  timer(delayMs: number, run: () => void): () => void {
    const timer = { atMs: this.#nowMs + delayMs, run }
    this.#timers.add(timer)
    return () => void this.#timers.delete(timer)
  }

  /** The machine sleeps: time passes and nothing runs. */
  sleep(durationMs: number): void {
    this.#nowMs += durationMs
  }

  /** Moves on in small steps, and lets everything that became due run before the next. */
  async pass(durationMs: number, isDone: () => boolean = () => false): Promise<void> {
    const endMs = this.#nowMs + durationMs
    while (this.#nowMs < endMs && !isDone()) {
      await settled()
      const next = Math.min(endMs, this.#nowMs + MAX_STEP_MS, ...[...this.#timers].map(({ atMs }) => atMs))
      this.#nowMs = Math.max(this.#nowMs, next)
      for (const timer of [...this.#timers]) {
        if (timer.atMs <= this.#nowMs && this.#timers.delete(timer)) timer.run()
      }
    }
    await settled()
  }
}

/** Everything that needs no time is done. */
export async function settled(): Promise<void> {
  for (let round = 0; round < 60; round++) await new Promise((resolve) => setImmediate(resolve))
}

/** In [0, 1), the same in every run. */
function seeded(): () => number {
  let state = 42
  return () => {
    state = (state * 1_103_515_245 + 12_345) % 2_147_483_648
    return state / 2_147_483_648
  }
}

export interface TestTabOptions {
  readonly withoutLocks?: boolean
  /** What the platform says of the network, always. */
  readonly online?: boolean
  readonly auth?: AuthCallback
  readonly blobs?: BlobProvider
}

let tabs = 0

/** A tab of a device, whose page can go away, hang, or have no locks in common with others. */
export class TestTab {
  readonly engine: TestEngine
  readonly time: TestTime
  readonly #options: TestTabOptions
  readonly #pageListeners = new Set<(event: 'hide' | 'show') => void>()
  #awake = Promise.withResolvers<void>()

  constructor(device: Device, remote: FakeRemote, time: TestTime, options: TestTabOptions = {}) {
    this.time = time
    this.#options = options
    this.#awake.resolve()
    const name = `tab-${(tabs += 1)}`
    this.engine = createSyncEngine({
      name, schema, blobs: options.blobs ?? fakeBlobs(remote), data: fakeData(remote), state: () => this.#hangable(device.state('shared')),
      cache: { backend: () => device.cache('shared'), inlineMaxBytes: 1_000 }, ...(options.auth === undefined ? {} : { auth: options.auth }), environment: this.#environment(name, options.withoutLocks === true ? { ...memoryLocks(), scope: 'page' } : device.locks),
    })
  }

  get leads(): boolean {
    return this.engine.status.getSnapshot().leads
  }

  page(event: 'hide' | 'show'): void {
    for (const listener of [...this.#pageListeners]) listener(event)
  }

  /** The page stops, without a word, and keeps what it holds. */
  hang(): void {
    this.#awake = Promise.withResolvers()
  }

  wake(): void {
    this.#awake.resolve()
  }

  #environment(name: string, locks: Locks): Environment {
    const acquire = (asked: string, request: LockRequest): Promise<HeldLock | undefined> => locks.acquire(asked.replace(name, 'shared'), request)
    return {
      ...platformEnvironment(),
      clock: {
        nowMs: () => this.time.nowMs + this.time.wallOffsetMs, monotonicMs: () => this.time.nowMs,
        timer: (delayMs, run) => this.time.timer(delayMs, () => void this.#awake.promise.then(run)),
      },
      locks: { scope: locks.scope ?? 'origin', acquire: acquire as Locks['acquire'] },
      lifecycle: {
        subscribe: (listener) => {
          this.#pageListeners.add(listener)
          return () => void this.#pageListeners.delete(listener)
        },
      },
      random: seeded(),
      ...(this.#options.online === undefined ? {} : { connectivity: { online: this.#options.online, subscribe: () => () => undefined } }),
    }
  }

  #hangable(state: StateStore): StateStore {
    const awake = (): Promise<void> => this.#awake.promise
    return {
      ...state,
      update: async (read, decide, options) => {
        await awake()
        const result = await state.update(read, decide, options)
        await awake()
        return result
      },
      get: async (keys) => {
        await awake()
        return state.get(keys)
      },
      async *watch(since, options) {
        for await (const change of state.watch(since, options)) {
          await awake()
          yield change
        }
      },
    }
  }
}
