import { describe, expect, it } from 'vitest'
import { memoryLocks } from '../../src/memory/index.ts'
import type { HeldLock, LockRequest, Locks } from '../../src/provider/index.ts'

const EXCLUSIVE: LockRequest = { mode: 'exclusive' }
const SHARED: LockRequest = { mode: 'shared' }

/** Asks for a lock and notes when it is granted. */
function ask(locks: Locks, granted: string[], label: string, request: LockRequest): Promise<HeldLock> {
  return locks.acquire('photo', request).then((lock) => {
    granted.push(label)
    return lock
  })
}

async function tick(): Promise<void> {
  for (let n = 0; n < 10; n += 1) await Promise.resolve()
}

describe('memory locks', () => {
  it('gives an exclusive lock to one at a time, in order', async () => {
    const [locks, granted] = [memoryLocks(), [] as string[]]
    const [first, second, third] = ['first', 'second', 'third'].map((label) => ask(locks, granted, label, EXCLUSIVE))
    await tick()
    expect(granted).toEqual(['first'])
    ;(await first)?.release()
    await tick()
    expect(granted).toEqual(['first', 'second'])
    ;(await second)?.release()
    ;(await third)?.release()
    expect(granted).toEqual(['first', 'second', 'third'])
  })

  it('gives a shared lock to many, and makes the next wait behind a writer', async () => {
    const [locks, granted] = [memoryLocks(), [] as string[]]
    const readers = [await ask(locks, granted, 'r1', SHARED), await ask(locks, granted, 'r2', SHARED)]
    const writer = ask(locks, granted, 'w', EXCLUSIVE)
    const late = [ask(locks, granted, 'r3', SHARED), ask(locks, granted, 'r4', SHARED)]
    await tick()
    expect(granted).toEqual(['r1', 'r2'])
    for (const reader of readers) reader.release()
    ;(await writer).release()
    await Promise.all(late)
    expect(granted).toEqual(['r1', 'r2', 'w', 'r3', 'r4'])
  })

  it('answers at once when only an available lock will do', async () => {
    const locks = memoryLocks()
    const held = await locks.acquire('photo', SHARED)
    expect(await locks.acquire('photo', { mode: 'exclusive', ifAvailable: true })).toBeUndefined()
    expect(await locks.acquire('photo', { mode: 'shared', ifAvailable: true })).toBeDefined()
    expect(await locks.acquire('other', { mode: 'exclusive', ifAvailable: true })).toBeDefined()
    held.release()
    expect(await locks.acquire('photo', { mode: 'exclusive', ifAvailable: true })).toBeUndefined()
  })

  it('rejects a waiting request with the reason and lets the next pass', async () => {
    const [locks, granted, reason, controller] = [memoryLocks(), [] as string[], new Error('enough'), new AbortController()]
    await ask(locks, granted, 'r1', SHARED)
    const writer = ask(locks, granted, 'w', { mode: 'exclusive', signal: controller.signal })
    const reader = ask(locks, granted, 'r2', SHARED)
    controller.abort(reason)
    await expect(writer).rejects.toBe(reason)
    await reader
    expect(granted).toEqual(['r1', 'r2'])
    await expect(locks.acquire('photo', { mode: 'shared', signal: controller.signal })).rejects.toBe(reason)
  })

  it('keeps a lock that was granted before an abort', async () => {
    const [locks, controller] = [memoryLocks(), new AbortController()]
    const held = await locks.acquire('photo', { mode: 'exclusive', signal: controller.signal })
    controller.abort()
    expect(await locks.acquire('photo', { mode: 'shared', ifAvailable: true })).toBeUndefined()
    held.release()
    expect(await locks.acquire('photo', { mode: 'shared', ifAvailable: true })).toBeDefined()
  })

  it('ignores a second release', async () => {
    const locks = memoryLocks()
    const first = await locks.acquire('photo', EXCLUSIVE)
    first.release()
    await locks.acquire('photo', EXCLUSIVE)
    first.release()
    expect(await locks.acquire('photo', { mode: 'exclusive', ifAvailable: true })).toBeUndefined()
  })
})
