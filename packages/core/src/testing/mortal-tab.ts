import type { CacheFactory, CacheStore } from '../provider/cache-store.ts'
import type { Environment, HeldLock, LockRequest, Locks, OpenTabChannel, TabChannel } from '../provider/environment.ts'
import type { StateFactory, StateStore } from '../provider/state-store.ts'

/** What of a device a tab works with: shared by its tabs, and still there when one of them dies. */
export interface TabParts {
  readonly state: StateFactory
  readonly cache: CacheFactory
  readonly environment: Environment
}

/**
 * A tab that can die between any two steps: from then on no call of its stores has an effect or an answer, and its locks are
 * free, as when the platform ends a page. What its stores had committed stays.
 */
export class MortalTab {
  readonly state: StateFactory
  readonly cache: CacheFactory
  readonly environment: Environment
  /** Names of the steps taken so far: each call of a store, before and after its effect. */
  readonly steps: string[] = []
  #isDead = false
  #dieAt: number | undefined
  #onDeath: (() => void) | undefined
  readonly #held: Set<HeldLock> = new Set()
  readonly #channels: TabChannel[] = []

  constructor(parts: TabParts) {
    this.state = (namespace) => this.#mortalState(parts.state(namespace))
    this.cache = (namespace) => this.#mortalCache(parts.cache(namespace))
    const { channel, ...environment } = parts.environment
    this.environment = {
      ...environment, locks: this.#mortalLocks(environment.locks), fetch: (input, init) => this.#step('fetch', () => environment.fetch(input, init)),
      ...(channel === undefined ? {} : { channel: this.#mortalChannel(channel) }),
    }
  }

  get isDead(): boolean {
    return this.#isDead
  }

  /** Dies at the `step`-th step from now, counted from 1. */
  dieAt(step: number, onDeath?: () => void): void {
    this.#dieAt = this.steps.length + step
    this.#onDeath = onDeath
  }

  die(): void {
    if (this.#isDead) return
    this.#isDead = true
    for (const lock of [...this.#held]) lock.release()
    for (const channel of this.#channels) channel.close()
    this.#onDeath?.()
  }

  /** A call of something outside of the tab, such as a server. */
  async outside<T>(name: string, call: () => Promise<T>): Promise<T> {
    return this.#step(name, call)
  }

  async #step<T>(name: string, call: () => Promise<T>): Promise<T> {
    this.#pass(`${name} begins`)
    if (this.#isDead) return silence()
    try {
      return await call()
    } finally {
      this.#pass(`${name} ended`)
      if (this.#isDead) await silence()
    }
  }

  #pass(step: string): void {
    if (this.#isDead) return
    this.steps.push(step)
    if (this.#dieAt !== undefined && this.steps.length >= this.#dieAt) this.die()
  }

  async *#follow<T>(name: string, source: AsyncIterable<T>): AsyncIterable<T> {
    for await (const value of source) {
      if (this.#isDead) await silence()
      yield value
    }
    if (this.#isDead) await silence()
    this.#pass(`${name} ended`)
  }

  #mortalState(store: StateStore): StateStore {
    return {
      name: store.name,
      durable: store.durable,
      update: (read, decide, options) => this.#step(`update ${read.join(' ')}`, () => store.update(read, decide, options)),
      get: (keys) => this.#step('get', () => store.get(keys)),
      read: (range, options) => this.#follow('read', store.read(range, options)),
      watch: (since, options) => this.#follow('watch', store.watch(since, options)),
      destroy: () => this.#step('destroy', () => store.destroy()),
      close: () => this.#step('close', () => store.close()),
    }
  }

  #mortalCache(store: CacheStore): CacheStore {
    return {
      name: store.name,
      durable: store.durable,
      stage: (source, options) => this.#step('stage', () => store.stage(source, options)),
      publish: (staged) => this.#step('publish', () => store.publish(staged)),
      discard: (stageId) => this.#step('discard', () => store.discard(stageId)),
      sweep: (isAlive) => this.#step('sweep', () => store.sweep(isAlive)),
      get: (hash) => this.#step('cache get', () => store.get(hash)),
      read: (hash, range) => this.#step('cache read', () => store.read(hash, range)),
      delete: (hash) => this.#step('delete', () => store.delete(hash)),
      list: (options) => this.#follow('list', store.list(options)),
      destroy: () => this.#step('destroy', () => store.destroy()),
      close: () => this.#step('close', () => store.close()),
    }
  }

  #mortalChannel(open: OpenTabChannel): OpenTabChannel {
    return (name, onMessage) => {
      const channel = open(name, (message) => {
        if (!this.#isDead) onMessage(message)
      })
      this.#channels.push(channel)
      return {
        post: (message) => {
          if (!this.#isDead) channel.post(message)
        },
        close: () => channel.close(),
      }
    }
  }

  #mortalLocks(locks: Locks): Locks {
    const hold = (lock: HeldLock): HeldLock => {
      const held: HeldLock = {
        release: () => {
          if (this.#held.delete(held)) lock.release()
        },
      }
      this.#held.add(held)
      return held
    }
    const acquire = async (name: string, request: LockRequest): Promise<HeldLock | undefined> => {
      if (this.#isDead) return silence()
      const lock = await locks.acquire(name, request)
      if (lock === undefined) return undefined
      if (!this.#isDead) return hold(lock)
      // Granted to a dead tab: the platform gives it to the next at once.
      lock.release()
      return silence()
    }
    return { scope: locks.scope ?? 'origin', acquire: acquire as Locks['acquire'] }
  }
}

/** What a dead tab hears. */
function silence(): Promise<never> {
  return new Promise(() => undefined)
}
