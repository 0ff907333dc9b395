import { join } from 'node:path'
import { expect } from 'vitest'
import { openDirectoryStore } from '../src/index.ts'
import { seededBytes } from './fixtures/seeded-bytes.ts'
import { listVerified, namesIn } from './inspect.ts'
import { sample } from '../../../scripts/testing/sample.ts'
import { callsOn, type SystemCall } from '../../../scripts/testing/system-calls.ts'
import { temporaryDirectory } from './temporary-directory.ts'
import { tracePuts } from './traced-puts.ts'

/** The first put also makes the folders; its size takes several writes. */
export const PUTS = [
  { seed: 1, sizeBytes: 2_500_000 },
  { seed: 2, sizeBytes: 1_000 },
] as const

interface PutRun {
  readonly directory: string
  readonly acknowledged: readonly string[]
  readonly killed: boolean
  /** Those that name the store; `allCalls` has the rest too. */
  readonly calls: readonly SystemCall[]
  readonly allCalls: readonly SystemCall[]
}

export async function runPuts(base: string, injections: readonly string[] = []): Promise<PutRun> {
  const directory = join(base, 'new', 'store')
  const program = await tracePuts(directory, join(base, 'trace'), injections)
  const acknowledged: string[] = []
  for (const { seed, sizeBytes } of PUTS) {
    const answer = await program.ask(`put ${seed} ${sizeBytes}`)
    if (answer === undefined) break
    acknowledged.push(answer.replace('published ', ''))
  }
  const { killed, calls } = await program.end()
  return { directory, acknowledged, killed, calls: callsOn(base, calls), allCalls: calls }
}

/** Checks what is left, wherever the process died; true when it died at this very call. */
async function killAt({ name, ordinal }: SystemCall): Promise<boolean> {
  const { directory, acknowledged, killed, calls } = await runPuts(await temporaryDirectory(), [`${name}:signal=SIGKILL:when=${ordinal}`])
  await checkAfterCrash(directory, acknowledged)
  const last = calls.at(-1)
  return killed && last?.name === name && last.ordinal === ordinal
}

async function checkAfterCrash(directory: string, acknowledged: readonly string[]): Promise<void> {
  const store = openDirectoryStore(directory)
  const visible = await listVerified(store, directory)
  expect(visible).toEqual(expect.arrayContaining([...acknowledged]))
  expect(await namesIn(directory, 'blobs')).toHaveLength(visible.length)
  await store.sweep(() => false)
  expect(await namesIn(directory, 'staging')).toEqual([])
  for (const { seed, sizeBytes } of PUTS) {
    const bytes = seededBytes(seed, sizeBytes)
    const staged = await store.stage(new Blob([bytes]))
    await store.publish(staged)
    expect(await (await store.get(staged.hash))?.bytes()).toEqual(bytes)
  }
  expect(await listVerified(store, directory)).toHaveLength(PUTS.length)
  await store.close()
}

/** Kills a process at every `stride`-th system call of two puts that names a file or folder of the store, and looks at what is left. */
export async function sweepCrashes(stride: number): Promise<void> {
  const all = (await runPuts(await temporaryDirectory())).calls
  expect(all.map((point) => point.name)).toEqual(expect.arrayContaining(['mkdir', 'openat', 'pwrite64', 'fsync', 'link', 'unlink']))
  const { offset, points } = sample(all, stride)
  for (const point of points) {
    let hit = false
    // strace counts in every thread: now and then one of Node's own, asking about memory, is the first to reach the count.
    for (let tries = 0; !hit && tries < 5; tries++) hit = await killAt(point)
    expect(hit, `${point.name} ${point.ordinal} was not hit (SAMPLE_OFFSET=${offset})`).toBe(true)
  }
}
