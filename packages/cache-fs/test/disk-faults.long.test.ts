import { describe, it } from 'vitest'
import { FAULTS, sweepFaults } from './disk-faults.ts'

describe('a disk that fails at each call', () => {
  // F-35 F-23
  it.each(FAULTS)('gives $code for $error and recovers', (fault) => sweepFaults(fault, 1))
})
