import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { openDirectoryStore } from '../src/index.ts'
import { listVerified, namesIn } from './inspect.ts'
import { callsOn } from './system-calls.ts'
import { temporaryDirectory } from './temporary-directory.ts'
import { TracedProcess } from './traced-process.ts'

const PUT = [1, 2_500_000] as const

const FAULTS = [
  { error: 'ENOSPC', code: 'STORAGE_FULL', calls: ['mkdir', 'openat', 'pwrite64', 'fsync', 'link'] },
  { error: 'EDQUOT', code: 'STORAGE_FULL', calls: ['pwrite64'] },
  { error: 'EIO', code: 'STORAGE_FAILED', calls: ['mkdir', 'openat', 'pwrite64', 'fsync', 'link', 'unlink'] },
  { error: 'EMFILE', code: 'STORAGE_FAILED', calls: ['openat'] },
  { error: 'EROFS', code: 'STORAGE_FAILED', calls: ['mkdir', 'pwrite64', 'link'] },
] as const

describe('a failing disk', () => {
  // F-35 F-23: the fault hits each call once; afterwards the disk is well again.
  it.each(FAULTS)('gives $code for $error and recovers', { timeout: 300_000 }, async ({ error, code, calls }) => {
    const points = (await tracePut()).filter((call) => (calls as readonly string[]).includes(call.name) && !call.text.includes('ENOENT'))
    expect(new Set(points.map((point) => point.name))).toEqual(new Set(calls))

    for (const point of points) {
      const directory = join(await temporaryDirectory(), 'store')
      const where = `${error} at ${point.name} ${point.ordinal}`
      const program = await TracedProcess.start(directory, `${directory}.trace`, [`${point.name}:error=${error}:when=${point.ordinal}`])
      expect(await program.put(...PUT), where).toBe(`failed ${code}`)
      expect([await namesIn(directory, 'blobs'), await namesIn(directory, 'staging')], where).toEqual([[], []])

      expect(await program.put(...PUT), `after ${where}`).toMatch(/^published /)
      await program.end()
      expect(await listVerified(openDirectoryStore(directory), directory)).toHaveLength(1)
    }
  })

  it('publishes by renaming where hard links are refused', async () => {
    const directory = join(await temporaryDirectory(), 'store')
    const program = await TracedProcess.start(directory, `${directory}.trace`, ['link:error=EPERM:when=1+'])
    expect(await program.put(...PUT)).toMatch(/^published /)
    expect(await program.put(...PUT)).toMatch(/^published /)
    expect((await program.end()).calls.filter((call) => call.name === 'rename')).toHaveLength(1)
    expect(await listVerified(openDirectoryStore(directory), directory)).toHaveLength(1)
    expect(await namesIn(directory, 'staging')).toEqual([])
  })
})

async function tracePut() {
  const directory = join(await temporaryDirectory(), 'store')
  const program = await TracedProcess.start(directory, `${directory}.trace`)
  expect(await program.put(...PUT)).toMatch(/^published /)
  return callsOn(directory.replace(/\/store$/, ''), (await program.end()).calls)
}
