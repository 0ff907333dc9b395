import { describe, it } from 'vitest'
import { sweepCrashes } from './crash-sweep.ts'

describe('a process killed at every system call', () => {
  // F-1 F-4
  it('loses nothing acknowledged and shows nothing half done', () => sweepCrashes(1))
})
