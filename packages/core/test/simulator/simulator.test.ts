import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { campaign, coverageOf } from './campaign.ts'
import { installPlatform, type Platform } from './platform.ts'
import { planOf } from './plan.ts'
import { shrink } from './shrink.ts'
import { simulate } from './simulate.ts'

let platform: Platform
beforeAll(async () => {
  platform = await installPlatform()
})
afterAll(() => platform.restore())

describe('500 simulated histories', () => {
  // X-007 F-1 F-2 F-3 F-5 F-6 F-7 F-8 F-13 F-14 F-15 F-23 F-32 F-34 F-36 F-38 F-45 F-52 F-56 F-57 F-59 F-60 F-90 R-100 R-104 R-179
  it('lose, spoil, repeat and strand nothing, and visit every cell', async () => {
    const report = await campaign(platform, 1, 500, ({ seed, violations }) => {
      console.error(`seed ${seed}: ${violations[0]?.is}: ${violations[0]?.what}\n  pnpm simulate --seed ${seed} --trace`)
      return true
    })
    expect(report.violations).toEqual({ lost: 0, corrupt: 0, stuck: 0, duplicated: 0, diverged: 0, disobeyed: 0, ledger: 0 })
    expect(coverageOf(report)).toEqual({ unvisited: [], wronglyListed: [] })
    expect(report.crashes).toBeGreaterThan(200)
  }, 480_000)
})

describe('the simulator', () => {
  it('runs a seed the same way every time', async () => {
    const hashes = new Set<string>()
    for (const seed of [1, 2, 3, 4, 5, 6, 7, 301, 302, 303]) {
      const [first, second] = [await simulate(seed, { platform }), await simulate(seed, { platform })]
      expect(second.traceHash, `seed ${seed}`).toBe(first.traceHash)
      hashes.add(first.traceHash)
    }
    expect(hashes.size).toBe(10)
  })

  it('runs any part of a plan', async () => {
    const actions = planOf(11).filter((_, index) => index % 2 === 0)
    expect((await simulate(11, { platform, actions })).violations).toEqual([])
  })

  // A tab dies while its write crawls to the server, which takes it when the device has long given it up.
  it('waits for what is still under way before it holds devices against the server', async () => {
    expect((await simulate(8571, { platform })).violations).toEqual([])
  })

  it('shrinks a failing list to what it needs', async () => {
    const list = Array.from({ length: 60 }, (_, index) => index)
    expect(await shrink(list, async (some) => some.includes(17) && some.includes(42), 500)).toEqual([17, 42])
  })
})
