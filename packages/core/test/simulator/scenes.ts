import type { Action } from './plan.ts'
import type { Random } from './random.ts'

/** A decision of a scene: what it leaves open is filled in by the plan. */
type Beat = Pick<Action, 'kind' | 'gapMs'> & Partial<Action>

type Scene = (random: Random) => readonly Beat[]

/** Long enough for bytes and rows to arrive everywhere. */
const ARRIVES_MS = 2_500

/** Same bytes at several hands within milliseconds. */
const BYTES: readonly Scene[] = [
  // Somebody brings bytes while the same are being removed by a tab that dies.
  (random) => {
    const content = large(random)
    return [
      { kind: 'open', slot: 1, gapMs: 100 },
      { kind: 'insert', content, own: true, gapMs: ARRIVES_MS },
      { kind: 'crashOn', slot: random.int(2) as 0 | 1, moment: 'local evicting', gapMs: 0 },
      { kind: 'delete', slot: 0, own: true, gapMs: random.int(400) },
      { kind: 'open', slot: 0, gapMs: 0 },
      { kind: 'insert', slot: 1, content, gapMs: random.int(60) },
      { kind: 'insert', slot: 0, content, gapMs: random.int(60) },
    ]
  },
  // Sent, taken back and wanted again before the first answer.
  (random) => {
    const content = any(random)
    return [
      { kind: 'weather', weather: random.pick(['calm', 'late', 'calm']) ?? 'calm', gapMs: 0 },
      { kind: 'insert', content, own: true, gapMs: 30 + random.int(150) },
      { kind: 'delete', own: true, gapMs: random.int(60) },
      { kind: 'insert', content, gapMs: random.int(60) },
      { kind: 'calm', gapMs: random.int(500) },
    ]
  },
  // A slow fetch ends while the same bytes, brought by hand, are on their way out or being taken back.
  (random) => {
    const content = small(random)
    const isCollected = random.chance(0.5)
    return [
      { kind: 'insert', device: 1, content, gapMs: ARRIVES_MS },
      ...(isCollected ? [{ kind: 'outsideDelete', content, gapMs: random.int(100) }, { kind: 'collect', content, gapMs: 400 } as const] as const : []),
      { kind: 'weather', weather: 'crawling', gapMs: 0 },
      { kind: 'read', content, gapMs: 60 },
      { kind: 'weather', weather: random.pick(['calm', 'crawling', 'calm']) ?? 'calm', gapMs: 0 },
      { kind: 'insert', content, own: true, gapMs: 60 + random.int(120) },
      ...(random.chance(0.6) ? [{ kind: 'weather', weather: 'cut', gapMs: 0 }, { kind: 'delete', own: true, gapMs: random.int(60_000) } as const] as const : []),
      { kind: 'calm', gapMs: 1_000 + random.int(50_000) },
    ]
  },
  // Bytes go bad while they are being sent, or wait to be.
  (random) => {
    const content = large(random)
    return [
      random.chance(0.5) ? { kind: 'offline', gapMs: 0 } : { kind: 'weather', weather: random.pick(['late', 'crawling', 'calm', 'cut']) ?? 'calm', gapMs: 0 },
      { kind: 'insert', content, own: true, gapMs: 60 + random.int(250) },
      ...(random.chance(0.3) ? [{ kind: 'delete', own: true, gapMs: random.int(30) } as const] : []),
      { kind: 'vanish', content, gapMs: random.int(30) },
      { kind: 'read', content, gapMs: random.int(200) },
      ...(random.chance(0.5) ? [{ kind: 'insert', content, gapMs: random.int(100) } as const] : []),
      { kind: 'calm', gapMs: 0 },
      { kind: 'online', gapMs: random.int(3_000) },
      ...(random.chance(0.4) ? [{ kind: 'retry', gapMs: random.int(500) } as const] : []),
      ...(random.chance(0.4) ? [{ kind: 'delete', own: true, gapMs: random.int(1_000) } as const] : []),
    ]
  },
  // The server has collected what somebody here still knows by name.
  (random) => {
    const content = any(random)
    const again = random.pick(['insert', 'insertRef', 'elsewhere', 'read'] as const) ?? 'read'
    return [
      { kind: 'insert', device: 1, content, gapMs: ARRIVES_MS },
      { kind: 'read', content, gapMs: 700 },
      { kind: 'vanish', content, gapMs: 0 },
      { kind: 'outsideDelete', content, gapMs: 0 },
      { kind: 'collect', content, gapMs: 0 },
      { kind: 'read', content, gapMs: random.int(120) },
      { kind: 'read', content, gapMs: random.int(900) },
      again === 'elsewhere' ? { kind: 'insert', device: 1, content, gapMs: ARRIVES_MS } : { kind: again, content, gapMs: random.int(500) },
      { kind: 'read', content, gapMs: 600 },
    ]
  },
  // A tab that does the work dies at some update of the way.
  (random) => {
    const content = any(random)
    return [
      { kind: 'open', slot: 1, gapMs: random.int(200) },
      { kind: 'crashOn', slot: random.int(2) as 0 | 1, gapMs: 0 },
      { kind: 'insert', slot: 0, content, own: true, gapMs: random.int(400) },
      { kind: random.pick(['delete', 'replaceBlob', 'update', 'discard'] as const) ?? 'delete', slot: 1, own: true, gapMs: random.int(400) },
      { kind: 'open', slot: 0, gapMs: random.int(400) },
    ]
  },
]

/** A person changes their mind about a write that is on its way. */
const WRITES: readonly Scene[] = [
  (random) => [
    { kind: 'weather', weather: random.pick(['calm', 'late', 'flaky', 'refusing', 'echo', 'calm']) ?? 'calm', gapMs: 0 },
    { kind: 'update', gapMs: random.int(30) },
    { kind: 'batch', gapMs: random.int(250) },
    { kind: 'update', own: true, gapMs: 15 + random.int(70) },
    { kind: 'discard', own: true, gapMs: random.int(60) },
    { kind: random.pick(['update', 'discard', 'retry', 'calm'] as const) ?? 'calm', own: true, gapMs: random.int(1_000) },
    { kind: 'calm', gapMs: 200 },
  ],
  (random) => [
    { kind: 'insert', own: true, content: any(random), gapMs: ARRIVES_MS },
    { kind: 'outsideWrite', gapMs: 0 },
    { kind: 'update', own: true, gapMs: 20 + random.int(60) },
    { kind: random.pick(['discard', 'update', 'wait'] as const) ?? 'wait', own: true, gapMs: random.int(400) },
    { kind: random.pick(['discard', 'retry', 'update'] as const) ?? 'retry', own: true, gapMs: random.int(400) },
  ],
  // A tab falls asleep with a push in its hand; the next one finds a conflict; then the first wakes.
  (random) => [
    { kind: 'open', slot: 1, gapMs: 100 },
    { kind: 'insert', slot: 1, own: true, content: any(random), gapMs: ARRIVES_MS },
    { kind: 'outsideWrite', gapMs: 0 },
    { kind: 'update', slot: 1, own: true, gapMs: 20 + random.int(50) },
    { kind: 'freeze', slot: 0, salt: 1, gapMs: random.int(3_000) },
    { kind: random.pick(['thaw', 'wait', 'outsideWrite'] as const) ?? 'wait', slot: 0, gapMs: random.int(500) },
  ],
  (random) => [
    { kind: 'open', slot: 1, gapMs: 50 },
    { kind: 'crashOn', slot: 0, gapMs: 0 },
    { kind: 'crashOn', slot: 1, gapMs: 0 },
    { kind: random.pick(['update', 'batch', 'upsert', 'delete'] as const) ?? 'update', slot: 1, gapMs: random.int(300) },
    { kind: random.pick(['update', 'discard', 'delete', 'batch'] as const) ?? 'update', slot: 1, gapMs: random.int(300) },
    { kind: 'open', slot: 0, gapMs: random.int(300) },
  ],
]

export type SceneKind = 'bytes' | 'writes'

export function sceneOf(kind: SceneKind, random: Random): readonly Beat[] {
  const scene = random.pick(kind === 'bytes' ? BYTES : WRITES)
  return scene?.(random) ?? []
}

const small = (random: Random): number => random.pick([0, 3, 6]) ?? 0
const large = (random: Random): number => random.pick([1, 2, 4]) ?? 1
const any = (random: Random): number => random.int(5)
