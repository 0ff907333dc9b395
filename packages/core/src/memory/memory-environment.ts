import type { HeldLock, LockRequest, Locks } from '../provider/environment.ts'

interface Waiting {
  readonly mode: LockRequest['mode']
  grant(): void
}

/** One lock: who holds it, and who waits, first come first served. */
interface Lock {
  holders: number
  mode: LockRequest['mode']
  readonly waiting: Waiting[]
  /** Counts thefts: those who held it before hold nothing any more. */
  generation: number
}

/**
 * Locks within one page, with the rules of Web Locks: first come first served, so a shared request also waits behind an
 * exclusive one that came before it. For browsers without Web Locks, and for tests, where one object stands for the origin.
 */
export function memoryLocks(): Locks {
  const locks = new Map<string, Lock>()

  function acquire(name: string, request: LockRequest & { readonly ifAvailable: true }): Promise<HeldLock | undefined>
  function acquire(name: string, request: LockRequest): Promise<HeldLock>
  async function acquire(name: string, request: LockRequest): Promise<HeldLock | undefined> {
    request.signal?.throwIfAborted()
    const lock = locks.get(name) ?? { holders: 0, mode: request.mode, waiting: [], generation: 0 }
    locks.set(name, lock)
    if (request.steal === true) seize(lock)
    else if (isFree(lock, request.mode) && lock.waiting.length === 0) take(lock, request.mode)
    else if (request.ifAvailable === true) return undefined
    else await turn(lock, request)
    const { generation } = lock
    return heldLock(() => {
      // Stolen in between.
      if (generation !== lock.generation) return
      lock.holders -= 1
      serve(lock)
      if (lock.holders === 0 && lock.waiting.length === 0) locks.delete(name)
    })
  }
  return { acquire }
}

function isFree(lock: Lock, mode: LockRequest['mode']): boolean {
  return lock.holders === 0 || (mode === 'shared' && lock.mode === 'shared')
}

function take(lock: Lock, mode: LockRequest['mode']): void {
  lock.holders += 1
  lock.mode = mode
}

function seize(lock: Lock): void {
  lock.generation += 1
  lock.holders = 1
  lock.mode = 'exclusive'
}

/** Grants to the longest waiting, and to all shared ones right behind it. */
function serve(lock: Lock): void {
  for (let next = lock.waiting[0]; next !== undefined && isFree(lock, next.mode); next = lock.waiting[0]) {
    lock.waiting.shift()
    take(lock, next.mode)
    next.grant()
  }
}

/** Resolves when the lock was taken for this request; leaves the queue when aborted. */
function turn(lock: Lock, { mode, signal }: LockRequest): Promise<void> {
  return new Promise((resolve, reject) => {
    const giveUp = (): void => {
      lock.waiting.splice(lock.waiting.indexOf(waiting), 1)
      serve(lock)
      reject(signal?.reason)
    }
    const waiting: Waiting = {
      mode,
      grant: () => {
        signal?.removeEventListener('abort', giveUp)
        resolve()
      },
    }
    lock.waiting.push(waiting)
    signal?.addEventListener('abort', giveUp, { once: true })
  })
}

function heldLock(onRelease: () => void): HeldLock {
  let released = false
  return {
    release() {
      if (released) return
      released = true
      onRelease()
    },
  }
}
