import { join } from 'node:path'
import { expect } from 'vitest'
import { sample } from '../../../scripts/testing/sample.ts'
import { callsOn, type SystemCall } from '../../../scripts/testing/system-calls.ts'
import { openDirectoryStore } from '../src/index.ts'
import { listVerified, namesIn } from './inspect.ts'
import { temporaryDirectory } from './temporary-directory.ts'
import { tracePuts } from './traced-puts.ts'

export const PUT = 'put 1 2500000'

export interface Fault {
  readonly error: string
  readonly code: string
  readonly calls: readonly string[]
}

export const FAULTS: readonly Fault[] = [
  { error: 'ENOSPC', code: 'STORAGE_FULL', calls: ['mkdir', 'openat', 'pwrite64', 'fsync', 'link'] },
  { error: 'EDQUOT', code: 'STORAGE_FULL', calls: ['pwrite64'] },
  { error: 'EIO', code: 'STORAGE_FAILED', calls: ['mkdir', 'openat', 'pwrite64', 'fsync', 'link', 'unlink'] },
  { error: 'EMFILE', code: 'STORAGE_FAILED', calls: ['openat'] },
  { error: 'EROFS', code: 'STORAGE_FAILED', calls: ['mkdir', 'pwrite64', 'link'] },
]

/** The fault hits every `stride`-th call of a put once, and says so; afterwards the disk is well again. */
export async function sweepFaults({ error, code, calls }: Fault, stride: number): Promise<void> {
  const all = (await tracePut()).filter((call) => calls.includes(call.name) && !call.text.includes('ENOENT'))
  expect(new Set(all.map((point) => point.name))).toEqual(new Set(calls))
  const { offset, points } = sample(all, stride)
  for (const point of points) {
    const directory = join(await temporaryDirectory(), 'store')
    const where = `${error} at ${point.name} ${point.ordinal} (SAMPLE_OFFSET=${offset})`
    const program = await tracePuts(directory, `${directory}.trace`, [`${point.name}:error=${error}:when=${point.ordinal}`])
    expect(await program.ask(PUT), where).toBe(`failed ${code}`)
    expect([await namesIn(directory, 'blobs'), await namesIn(directory, 'staging')], where).toEqual([[], []])

    expect(await program.ask(PUT), `after ${where}`).toMatch(/^published /)
    await program.end()
    expect(await listVerified(openDirectoryStore(directory), directory)).toHaveLength(1)
  }
}

async function tracePut(): Promise<readonly SystemCall[]> {
  const directory = join(await temporaryDirectory(), 'store')
  const program = await tracePuts(directory, `${directory}.trace`)
  expect(await program.ask(PUT)).toMatch(/^published /)
  return callsOn(directory.replace(/\/store$/, ''), (await program.end()).calls)
}
