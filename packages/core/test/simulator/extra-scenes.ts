import type { Action } from './plan.ts'
import type { Random } from './random.ts'

type Beat = Pick<Action, 'kind' | 'gapMs'> & Partial<Action>
type Extra = (random: Random) => readonly Beat[]

/** Long enough for bytes and rows to arrive everywhere. */
const ARRIVES_MS = 2_500

/** Things that happen to a device in some seeds, whatever the seed is about. They have a stream of their own: the rest of a plan is what it would be. */
const EXTRAS: readonly { readonly chance: number; readonly scene: Extra }[] = [
  // Records that this code cannot read come to lie among its own.
  { chance: 0.25, scene: (random) => [{ kind: 'stranger', gapMs: random.int(500) }] },
  // The app is updated, and its newer version has other words for what is queued.
  { chance: 0.2, scene: (random) => [
    { kind: random.pick(['offline', 'wait'] as const) ?? 'wait', gapMs: 0 }, { kind: 'update', gapMs: random.int(40) }, { kind: 'batch', gapMs: random.int(100) },
    { kind: 'updateApp', gapMs: random.int(300) }, { kind: 'update', gapMs: random.int(100) }, { kind: 'online', gapMs: 0 },
  ] },
  // Credentials wear out, again and again, with many requests on their way.
  { chance: 0.3, scene: (random) => Array.from({ length: 2 }, () => [
    { kind: 'insert', gapMs: random.int(60) }, { kind: 'batch', gapMs: random.int(200) }, { kind: 'expire', gapMs: random.pick([0, 5, 300, 3_000]) ?? 0 },
  ] as const).flat() },
  // Given up on its way, and then the server says that somebody else was first.
  { chance: 0.2, scene: (random) => [
    ...rowOfBoth(52), { kind: 'offline', gapMs: 0 }, { kind: 'outsideWrite', content: 52, gapMs: 0 }, { kind: 'update', own: true, gapMs: 100 },
    { kind: 'weather', weather: 'late', gapMs: 0 }, { kind: 'stern', gapMs: 0 }, { kind: 'online', gapMs: 3_000, until: 'mutation pushing' },
    { kind: 'discard', own: true, gapMs: random.int(2_000) }, { kind: 'calm', gapMs: 1_000 }, { kind: 'lenient', gapMs: 0 },
  ] },
  // A tab falls asleep with a push in its hand, the next one finds a conflict, and the push arrives after all.
  { chance: 0.2, scene: (random) => [
    ...rowOfBoth(56), { kind: 'open', slot: 1, gapMs: 100 }, { kind: 'stern', gapMs: 0 }, { kind: 'outsideWrite', content: 56, gapMs: 0 }, { kind: 'weather', weather: 'crawling', gapMs: 0 },
    { kind: 'update', slot: 1, own: true, gapMs: 400, until: 'mutation pushing' }, { kind: 'wait', gapMs: 60 }, { kind: 'freeze', own: true, gapMs: 0 },
    { kind: 'calm', gapMs: 1_500 + random.int(2_000) }, { kind: 'lenient', gapMs: 45_000 }, { kind: 'thaw', own: true, gapMs: random.int(500) },
  ] },
  // The server has collected what this device has a row of, and is asked before it has told of the row's end.
  { chance: 0.25, scene: (random) => [
    { kind: 'insert', device: 1, content: 50, gapMs: ARRIVES_MS }, { kind: 'read', content: 50, gapMs: 700 }, { kind: 'vanish', content: 50, gapMs: 0 },
    { kind: 'read', content: 50, gapMs: random.int(4) }, { kind: 'outsideDelete', content: 50, gapMs: 0 }, { kind: 'collect', content: 50, gapMs: random.int(80) },
    { kind: 'read', content: 50, gapMs: 400 },
  ] },
  // Taken back in another tab, while the answer of the upload waits for a slow disk.
  { chance: 0.2, scene: (random) => [
    { kind: 'open', slot: 1, gapMs: 100 }, { kind: 'insert', content: 54, own: true, gapMs: 400, until: 'remote checkpoint' }, { kind: 'slowDisk', gapMs: random.pick([0, 0, 40]) ?? 0 },
    { kind: 'delete', slot: 1, own: true, gapMs: 600 }, { kind: 'fastDisk', gapMs: 300 },
  ] },
]

/** A row that this device made and the server has. */
function rowOfBoth(content: number): readonly Beat[] {
  return [{ kind: 'calm', gapMs: 0 }, { kind: 'online', gapMs: 0 }, { kind: 'open', gapMs: 100 }, { kind: 'insert', content, own: true, gapMs: ARRIVES_MS }]
}

export function withExtras(actions: readonly Action[], random: Random): readonly Action[] {
  return EXTRAS.reduce((all, { chance, scene }) => {
    if (!random.chance(chance)) return all
    // Behind the two tabs that a run opens with.
    const at = 2 + random.int(Math.max(1, all.length - 2))
    const device = random.chance(0.6) ? 0 : 1
    const other = device === 0 ? 1 : 0
    const beats = scene(random).map((beat): Action => ({ slot: 0, salt: random.int(2 ** 31), ...beat, device: beat.device === 1 ? other : device }))
    return [...all.slice(0, at), ...beats, ...all.slice(at)]
  }, actions)
}
