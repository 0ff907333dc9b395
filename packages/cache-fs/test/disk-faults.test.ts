import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { openDirectoryStore } from '../src/index.ts'
import { FAULTS, PUT, sweepFaults } from './disk-faults.ts'
import { listVerified, namesIn } from './inspect.ts'
import { temporaryDirectory } from './temporary-directory.ts'
import { tracePuts } from './traced-puts.ts'

describe('a failing disk', () => {
  // F-35 F-23: some of the calls here, every one in test:long.
  it.each(FAULTS)('gives $code for $error and recovers', { timeout: 300_000 }, (fault) => sweepFaults(fault, 3))

  it('publishes by renaming where hard links are refused', async () => {
    const directory = join(await temporaryDirectory(), 'store')
    const program = await tracePuts(directory, `${directory}.trace`, ['link:error=EPERM:when=1+'])
    expect(await program.ask(PUT)).toMatch(/^published /)
    expect(await program.ask(PUT)).toMatch(/^published /)
    expect((await program.end()).calls.filter((call) => call.name === 'rename')).toHaveLength(1)
    expect(await listVerified(openDirectoryStore(directory), directory)).toHaveLength(1)
    expect(await namesIn(directory, 'staging')).toEqual([])
  })
})
