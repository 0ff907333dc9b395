import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { openDirectoryStore } from '../src/index.ts'
import { seededBytes } from './fixtures/seeded-bytes.ts'
import { listVerified, namesIn } from './inspect.ts'
import { callsOn, type SystemCall } from './system-calls.ts'
import { temporaryDirectory } from './temporary-directory.ts'
import { TracedProcess } from './traced-process.ts'

/** The first put also makes the folders; its size takes several writes. */
const PUTS = [
  { seed: 1, sizeBytes: 2_500_000 },
  { seed: 2, sizeBytes: 1_000 },
] as const

async function runPuts(base: string, injections: readonly string[] = []) {
  const directory = join(base, 'new', 'store')
  const program = await TracedProcess.start(directory, join(base, 'trace'), injections)
  const acknowledged: string[] = []
  for (const { seed, sizeBytes } of PUTS) {
    const answer = await program.put(seed, sizeBytes)
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

describe('a killed process', () => {
  // F-1 F-4: every system call of two puts that names a file or folder of the store.
  it('loses nothing acknowledged and shows nothing half done', { timeout: 300_000 }, async () => {
    const points = (await runPuts(await temporaryDirectory())).calls
    expect(points.map((point) => point.name)).toEqual(expect.arrayContaining(['mkdir', 'openat', 'pwrite64', 'fsync', 'link', 'unlink']))

    for (const point of points) {
      let hit = false
      // strace counts in every thread: now and then one of Node's own, asking about memory, is the first to reach the count.
      for (let tries = 0; !hit && tries < 5; tries++) hit = await killAt(point)
      expect(hit, `${point.name} ${point.ordinal} was not hit`).toBe(true)
    }
  })
})

describe('the order of system calls', () => {
  // F-4: file, then name, then folder, then the word to the caller.
  it('syncs the file before naming it and the folder before resolving', async () => {
    const { directory, allCalls } = await runPuts(await temporaryDirectory())
    const links = allCalls.filter((call) => call.name === 'link')
    const answers = allCalls.filter((call) => call.name === 'write' && call.text.includes('"published'))
    expect(links).toHaveLength(PUTS.length)
    expect(answers).toHaveLength(PUTS.length)

    for (const [put, link] of links.entries()) {
      const staged = /link\("([^"]+)"/.exec(link.text)?.[1] ?? ''
      const writes = allCalls.filter((call) => call.name === 'pwrite64' && call.text.includes(staged))
      const fileSync = allCalls.find((call) => call.name === 'fsync' && call.text.includes(staged))
      const folderSync = allCalls.find((call) => call.name === 'fsync' && call.text.includes(join(directory, 'blobs')) && call.begin > link.begin)
      expectInOrder([...writes, fileSync, link, folderSync, answers[put]])
    }
  })

  it('syncs the parent of every folder that it makes', async () => {
    const { allCalls } = await runPuts(await temporaryDirectory())
    const answer = allCalls.find((call) => call.name === 'write' && call.text.includes('"published'))
    const made = allCalls.filter((call) => call.name === 'mkdir' && call.text.endsWith('= 0'))
    expect(made).toHaveLength(4)
    for (const mkdir of made) {
      const parent = /mkdir\("(.+)\/[^/"]+"/.exec(mkdir.text)?.[1]
      const sync = allCalls.find((call) => call.name === 'fsync' && call.text.includes(`<${parent}>`) && call.begin > mkdir.begin)
      expectInOrder([mkdir, sync, answer])
    }
  })
})

/** Each call has returned before the next one begins. */
function expectInOrder(calls: readonly (SystemCall | undefined)[]): void {
  for (const [at, call] of calls.entries()) {
    expect(call, `call ${at} is missing`).toBeDefined()
    const before = calls[at - 1]
    if (before !== undefined) expect(before.end).toBeLessThan(call?.begin ?? -1)
  }
}
