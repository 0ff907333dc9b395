import { describe, expect, it } from 'vitest'
import { limitBytes, surplusBytes, type CacheLimits } from '../../src/cache/limits.ts'

const limits: CacheLimits = { maxBytes: 1_000, warningShare: 0.8, criticalShare: 0.95, evictsByItself: true }

describe('the limits of the cache', () => {
  //
  it('are what the app allows or what the device has room for, whichever is less', () => {
    expect(limitBytes(limits, 100, undefined)).toBe(1_000)
    expect(limitBytes(limits, 100, { usageBytes: 200, quotaBytes: 5_000 })).toBe(1_000)
    expect(limitBytes(limits, 100, { usageBytes: 200, quotaBytes: 500 })).toBe(400)
    expect(limitBytes(limits, 100, { usageBytes: 600, quotaBytes: 500 })).toBe(100)
  })

  //
  it('ask for nothing up to the critical share, and then for all down to the warning share', () => {
    expect(surplusBytes(limits, 950, 1_000)).toBe(0)
    expect(surplusBytes(limits, 951, 1_000)).toBe(151)
    expect(surplusBytes(limits, 2_000, 1_000)).toBe(1_200)
  })

  //
  it('ask for nothing at all where eviction is manual', () => {
    expect(surplusBytes({ ...limits, evictsByItself: false }, 2_000, 1_000)).toBe(0)
  })
})
