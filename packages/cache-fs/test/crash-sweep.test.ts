import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import type { SystemCall } from '../../../scripts/testing/system-calls.ts'
import { PUTS, runPuts, sweepCrashes } from './crash-sweep.ts'
import { temporaryDirectory } from './temporary-directory.ts'

describe('a killed process', () => {
  // F-1 F-4: some of the calls here, every one in test:long.
  it('loses nothing acknowledged and shows nothing half done', { timeout: 300_000 }, () => sweepCrashes(4))
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
