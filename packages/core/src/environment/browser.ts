import { memoryLocks } from '../memory/memory-environment.ts'
import type { Clock, Connectivity, Environment, HeldLock, LockRequest, Locks, PageLifecycle, PlatformStorage, TabChannel } from '../provider/environment.ts'

/** What a platform may lack: workers have no `addEventListener('pagehide')`, servers no locks, no `navigator.onLine`. */
interface Platform extends ListenedTo {
  readonly navigator?: { readonly locks?: LockManager; readonly onLine?: boolean; readonly storage?: Partial<StorageManager> }
  readonly document?: ListenedTo
}

interface ListenedTo {
  addEventListener?(type: string, listener: () => void): void
  removeEventListener?(type: string, listener: () => void): void
}

/** The platform this code runs on: a page, a worker, or Node. Touches no global before it is called. */
export function platformEnvironment(): Environment {
  const platform = globalThis as unknown as Platform
  return {
    clock: platformClock(),
    connectivity: platformConnectivity(platform),
    locks: platform.navigator?.locks === undefined ? { ...memoryLocks(), scope: 'page' } : webLocks(platform.navigator.locks),
    lifecycle: pageLifecycle(platform),
    ...platformStorage(platform.navigator?.storage),
    ...(typeof BroadcastChannel === 'undefined' ? {} : { channel: broadcastChannel }),
    random: () => Math.random(),
    randomBytes: (length) => crypto.getRandomValues(new Uint8Array(length)),
    fetch: (input, init) => globalThis.fetch(input, init),
  }
}

/** Timers longer than this overflow in browsers and fire at once. */
const MAX_TIMER_MS = 2_147_000_000

function platformClock(): Clock {
  return {
    nowMs: () => Date.now(),
    monotonicMs: () => performance.now(),
    timer: (delayMs, callback) => {
      const handle = setTimeout(callback, Math.min(Math.max(0, delayMs), MAX_TIMER_MS))
      return () => clearTimeout(handle)
    },
  }
}

/** What Chromium knows of the network; other browsers have nothing of it. */
interface NetworkInformation extends Pick<EventTarget, 'addEventListener' | 'removeEventListener'> {
  readonly saveData?: boolean
  readonly type?: string
}

function platformConnectivity(platform: Platform): Connectivity {
  const network = (platform.navigator as { readonly connection?: NetworkInformation } | undefined)?.connection
  return {
    get metered(): boolean {
      return network?.saveData === true || network?.type === 'cellular'
    },
    get online(): boolean {
      return platform.navigator?.onLine !== false
    },
    subscribe: (listener) => {
      const on = (): void => listener(true)
      const off = (): void => listener(false)
      const retry = (): void => listener(platform.navigator?.onLine !== false)
      network?.addEventListener('change', retry)
      const stop = listen(platform, { online: on, offline: off })
      return () => {
        network?.removeEventListener('change', retry)
        stop()
      }
    },
  }
}

/**
 * A page that is hidden for good, or put aside by back and forward, says `pagehide`; one that comes back says `pageshow`. Chromium
 * also freezes pages that stay where they are, and tells their documents.
 */
function pageLifecycle(platform: Platform): PageLifecycle {
  return {
    subscribe: (listener) => {
      const hide = (): void => listener('hide')
      const show = (): void => listener('show')
      const page = listen(platform, { pagehide: hide, pageshow: show })
      const document = listen(platform.document ?? {}, { freeze: hide, resume: show })
      return () => {
        page()
        document()
      }
    },
  }
}

function broadcastChannel(name: string, onMessage: (message: unknown) => void): TabChannel {
  const channel = new BroadcastChannel(name)
  let isOpen = true
  channel.addEventListener('message', ({ data }: MessageEvent<unknown>) => {
    if (isOpen) onMessage(data)
  })
  // Node alone has it: a channel must not keep a process alive.
  ;(channel as { unref?(): void }).unref?.()
  return {
    post: (message) => {
      if (isOpen) channel.postMessage(message)
    },
    close: () => {
      isOpen = false
      channel.close()
    },
  }
}

/** Insecure pages and workers of some browsers have parts of it only. */
function platformStorage(manager: Partial<StorageManager> | undefined): { readonly storage?: PlatformStorage } {
  if (manager?.estimate === undefined) return {}
  const estimate = async (): Promise<{ usageBytes: number; quotaBytes: number }> => {
    const { usage = 0, quota = Infinity } = (await manager.estimate?.()) ?? {}
    return { usageBytes: usage, quotaBytes: quota }
  }
  return { storage: { estimate, persist: async () => (await manager.persist?.()) ?? false } }
}

function listen(target: ListenedTo, listeners: Readonly<Record<string, () => void>>): () => void {
  for (const [type, listener] of Object.entries(listeners)) target.addEventListener?.(type, listener)
  return () => {
    for (const [type, listener] of Object.entries(listeners)) target.removeEventListener?.(type, listener)
  }
}

/** Web Locks hold a lock as long as a promise; here it is an object with `release`. */
function webLocks(manager: LockManager): Locks {
  function acquire(name: string, request: LockRequest & { readonly ifAvailable: true }): Promise<HeldLock | undefined>
  function acquire(name: string, request: LockRequest): Promise<HeldLock>
  function acquire(name: string, { mode, ifAvailable, signal, steal }: LockRequest): Promise<HeldLock | undefined> {
    return new Promise((resolve, reject) => {
      // The platform allows a signal only where there is something to wait for.
      const options: LockOptions = steal === true ? { mode, steal } : ifAvailable === true ? { mode, ifAvailable } : { mode, ...(signal === undefined ? {} : { signal }) }
      const hold = (lock: Lock | null): Promise<void> | undefined => {
        if (lock === null) {
          resolve(undefined)
          return undefined
        }
        return new Promise((release) => resolve({ release }))
      }
      // A lock that is stolen rejects as well, long after it was given.
      manager.request(name, options, hold).catch(reject)
    })
  }
  return { acquire }
}
