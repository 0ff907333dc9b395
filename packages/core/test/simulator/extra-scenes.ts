import type { Action } from './plan.ts'
import type { Random } from './random.ts'

type Extra = (random: Random) => readonly Pick<Action, 'kind' | 'gapMs'>[]

/** Things that happen to a device in some seeds, whatever the seed is about. They have a stream of their own: the rest of a plan is what it would be. */
const EXTRAS: readonly { readonly chance: number; readonly scene: Extra }[] = [
  // Records that this code cannot read come to lie among its own.
  { chance: 0.25, scene: (random) => [{ kind: 'stranger', gapMs: random.int(500) }] },
  // The app is updated, and its newer version has other words for what is queued.
  { chance: 0.3, scene: (random) => [
    { kind: random.pick(['offline', 'wait'] as const) ?? 'wait', gapMs: 0 }, { kind: 'update', gapMs: random.int(40) }, { kind: 'batch', gapMs: random.int(100) },
    { kind: 'updateApp', gapMs: random.int(300) }, { kind: 'update', gapMs: random.int(100) }, { kind: 'online', gapMs: 0 },
  ] },
  // Credentials wear out, again and again, with many requests on their way.
  { chance: 0.5, scene: (random) => Array.from({ length: 3 }, () => [
    { kind: 'burst', gapMs: random.int(60) }, { kind: 'batch', gapMs: random.int(200) }, { kind: 'expire', gapMs: random.pick([0, 5, 300, 3_000]) ?? 0 },
  ] as const).flat() },
]

export function withExtras(actions: readonly Action[], random: Random): readonly Action[] {
  return EXTRAS.reduce((all, { chance, scene }) => {
    if (!random.chance(chance)) return all
    // Behind the two tabs that a run opens with.
    const at = 2 + random.int(Math.max(1, all.length - 2))
    const device = random.chance(0.6) ? 0 : 1
    const beats = scene(random).map((beat): Action => ({ device, slot: 0, salt: random.int(2 ** 31), ...beat }))
    return [...all.slice(0, at), ...beats, ...all.slice(at)]
  }, actions)
}
