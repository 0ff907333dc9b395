import { createSyncEngine, platformEnvironment } from '../../src/index.ts'
import { memoryLocks } from '../../src/memory/index.ts'
import type { Environment, HeldLock, LockRequest, Locks, StateStore } from '../../src/provider/index.ts'
import { fakeBlobs, fakeData, type FakeRemote } from '../../src/testing/index.ts'
import { schema, type Device, type TestEngine } from '../engine/harness.ts'

/** Time that passes when a test says so. */
export class TestTime {
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

  /** Moves on in small steps, and lets everything that became due run before the next. */
  async pass(durationMs: number, isDone: () => boolean = () => false): Promise<void> {
    const endMs = this.#nowMs + durationMs
    while (this.#nowMs < endMs && !isDone()) {
      await settled()
      const next = Math.min(endMs, ...[...this.#timers].map(({ atMs }) => atMs))
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

let tabs = 0

/** A tab of a device, whose page can go away, hang, or have no locks in common with others. */
export class TestTab {
  readonly engine: TestEngine
  readonly time: TestTime
  readonly #pageListeners = new Set<(event: 'hide' | 'show') => void>()
  #awake = Promise.withResolvers<void>()

  constructor(device: Device, remote: FakeRemote, time: TestTime, options: { readonly withoutLocks?: boolean; readonly wrapState?: (state: StateStore) => StateStore } = {}) {
    this.time = time
    this.#awake.resolve()
    const name = `tab-${(tabs += 1)}`
    const wrap = options.wrapState ?? ((state) => state)
    this.engine = createSyncEngine({
      name, schema, blobs: fakeBlobs(remote), data: fakeData(remote), state: () => this.#hangable(wrap(device.state('shared'))),
      cache: { backend: () => device.cache('shared'), inlineMaxBytes: 1_000 }, environment: this.#environment(name, options.withoutLocks === true ? { ...memoryLocks(), scope: 'page' } : device.locks),
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
        nowMs: () => this.time.nowMs, monotonicMs: () => this.time.nowMs,
        timer: (delayMs, run) => this.time.timer(delayMs, () => void this.#awake.promise.then(run)),
      },
      locks: { scope: locks.scope ?? 'origin', acquire: acquire as Locks['acquire'] },
      lifecycle: {
        subscribe: (listener) => {
          this.#pageListeners.add(listener)
          return () => void this.#pageListeners.delete(listener)
        },
      },
      random: () => 0.5,
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
