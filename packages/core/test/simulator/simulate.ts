import { act } from './act.ts'
import { check } from './check.ts'
import { heal } from './heal.ts'
import { planOf, type Action } from './plan.ts'
import type { Platform } from './platform.ts'
import { createRandom } from './random.ts'
import { World, type Violation } from './world.ts'

export interface Outcome {
  readonly violations: readonly Violation[]
  readonly crashes: number
  readonly writes: number
  readonly acknowledged: number
  /** Equal for equal seeds and plans, whatever machine it ran on. */
  readonly traceHash: string
  readonly lines: readonly string[]
}

export interface RunOptions {
  readonly platform: Platform
  /** Left out: the whole plan of the seed. */
  readonly actions?: readonly Action[]
  readonly keepTrace?: boolean
}

/** One seed, from two empty devices to the last check. */
export async function simulate(seed: number, { platform, actions = planOf(seed), keepTrace = false }: RunOptions): Promise<Outcome> {
  const world = new World(seed, platform, keepTrace)
  try {
    for (const action of actions) {
      world.trace(`> ${action.kind} ${action.device} ${action.slot}`)
      const device = world.devices[action.device]
      if (device !== undefined) device.awaited = action.until
      await act(world, action)
      await world.time.advance(action.gapMs, () => action.until !== undefined && device?.awaited === undefined)
    }
    const retries = createRandom(seed).fork(3).chance(0.7)
    await heal(world, { retries })
    await check(world, { retried: retries })
  } catch (error) {
    world.violation('stuck', `the simulation threw: ${error instanceof Error ? error.stack : String(error)}`)
  }
  await dispose(world)
  const { ops } = world.history
  return {
    violations: world.violations, crashes: world.crashes, writes: ops.length,
    acknowledged: ops.filter(({ outcome }) => outcome === 'acknowledged').length, traceHash: world.log.digest(), lines: world.log.lines,
  }
}

/** Dead tabs answer nobody, but the fibers of their engines would live on in memory. */
async function dispose(world: World): Promise<void> {
  for (const tab of world.tabs) {
    tab.die()
    tab.engine.close().catch(() => undefined)
  }
  await world.platform.drain()
}
