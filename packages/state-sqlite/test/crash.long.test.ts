import { describe, expect, it } from 'vitest'
import { sweepCrashes, sweepFaults } from './crash-sweep.ts'

describe('a process, at every system call', () => {
  // F-1 F-3
  it('loses nothing acknowledged and shows nothing half done when it is killed', { timeout: 300_000 }, async () => {
    await sweepCrashes(1)
  })

  // F-35
  it('gives a typed error for a full and for a broken disk, and recovers', { timeout: 300_000 }, async () => {
    const full = await sweepFaults('ENOSPC', ['STORAGE_FULL', 'STORAGE_FAILED'], 1)
    const broken = await sweepFaults('EIO', ['STORAGE_FAILED'], 1)
    expect([...full, ...broken].length).toBeGreaterThan(0)
  })
})
