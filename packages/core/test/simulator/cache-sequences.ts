import type { BlobHash } from '../../src/wire/blob-hash.ts'
import { act } from './act.ts'
import { check } from './check.ts'
import { heal } from './heal.ts'
import type { Action, ActionKind } from './plan.ts'
import type { Platform } from './platform.ts'
import { createRandom, type Random } from './random.ts'
import type { SimDevice } from './sim-device.ts'
import { World, type Violation } from './world.ts'

/** What a cache goes through: steps that every run has, and those that only these sequences take. */
const STEPS = ['insert', 'insert', 'insert', 'replaceBlob', 'delete', 'read', 'read', 'crash', 'powerCut', 'open', 'full', 'roomy', 'offline', 'online', 'vanish', 'wait', 'evict', 'evict', 'clear', 'prefetch', 'dear', 'wipe'] as const
type Step = (typeof STEPS)[number]

const OWN: ReadonlySet<Step> = new Set<Step>(['evict', 'clear', 'prefetch', 'dear', 'wipe'])
const MOST_STEPS = 16

export interface SequencesReport {
  readonly sequences: number
  readonly crashes: number
  readonly writes: number
  /** How often each step was taken. */
  readonly steps: ReadonlyMap<string, number>
  /** By the seed that has it. */
  readonly failures: readonly { readonly seed: number; readonly violations: readonly Violation[] }[]
}

/**
 * Random sequences of put, get, evict, full disks, crashes and wipes, on one device. After each everything heals, and the ledger is held against a
 * listing that was made without it. Removing bytes that no server has is noticed at that very moment.
 */
export async function cacheSequences(platform: Platform, from: number, count: number): Promise<SequencesReport> {
  const steps = new Map<string, number>()
  const failures: SequencesReport['failures'][number][] = []
  let [crashes, writes] = [0, 0]
  for (let seed = from; seed < from + count; seed += 1) {
    const world = await runSequence(platform, seed, steps)
    crashes += world.crashes
    writes += world.history.ops.length
    if (world.violations.length > 0) failures.push({ seed, violations: world.violations })
  }
  return { sequences: count, crashes, writes, steps, failures }
}

async function runSequence(platform: Platform, seed: number, steps: Map<string, number>): Promise<World> {
  const world = new World(seed, platform, false)
  const random = createRandom(seed).fork(77)
  const [device] = world.devices
  if (device === undefined) throw new Error('a world without devices')
  try {
    world.openTab(device, 0)
    await world.time.advance(200)
    for (let left = 4 + random.int(MOST_STEPS - 4); left > 0; left -= 1) {
      const step = random.pick(STEPS) ?? 'wait'
      steps.set(step, (steps.get(step) ?? 0) + 1)
      await take(world, device, step, random)
      await world.time.advance(random.int(random.chance(0.3) ? 8_000 : 150))
    }
    await heal(world, { retries: true })
    await check(world, { retried: true })
  } catch (error) {
    world.violation('stuck', `the sequence threw: ${error instanceof Error ? error.stack : String(error)}`)
  }
  for (const tab of world.tabs) {
    tab.die()
    tab.engine.close().catch(() => undefined)
  }
  await platform.drain()
  return world
}

async function take(world: World, device: SimDevice, step: Step, random: Random): Promise<void> {
  world.trace(`> ${step}`)
  if (OWN.has(step)) return ownStep(world, device, step, random)
  const action: Action = { kind: step as ActionKind, device: 0, slot: random.pick([0, 1] as const) ?? 0, salt: random.int(2 ** 31), gapMs: 0 }
  await act(world, action)
}

/** What the cache refuses (no storage yet, closed under way) is refused to a person who can ask again. */
async function ownStep(world: World, device: SimDevice, step: Step, random: Random): Promise<void> {
  if (step === 'wipe') return wipe(world, device)
  const cache = device.living()[0]?.engine.cache
  const hashes = await filesOf(device)
  const some = hashes.filter(() => random.chance(0.5))
  const nothing = (): undefined => undefined
  if (step === 'clear') cache?.clear().catch(nothing)
  else if (step === 'evict') cache?.evict(some).catch(nothing)
  else if (step === 'prefetch') cache?.prefetch([...world.knownRefs.map(({ hash }) => hash)]).catch(nothing)
  else cache?.setPriority(some, random.pick(['high', 'low'] as const) ?? 'low').catch(nothing)
}

/** The browser clears the files and not the records. */
async function wipe(world: World, device: SimDevice): Promise<void> {
  world.trace(`${device.name} is wiped`)
  for (const hash of await filesOf(device)) await device.vanish(hash, false)
}

async function filesOf(device: SimDevice): Promise<readonly BlobHash[]> {
  const hashes: BlobHash[] = []
  for await (const { hash } of device.cache().list()) hashes.push(hash)
  return hashes.sort()
}
