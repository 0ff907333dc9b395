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
      { kind: 'crashOn', moment: 'local evicting', content, gapMs: 0 },
      { kind: random.chance(0.5) ? 'slowDisk' : 'fastDisk', gapMs: 0 },
      { kind: 'delete', own: true, gapMs: 500 + random.int(500) },
      { kind: 'fastDisk', gapMs: 300 },
    ]
  },
  // Sent, taken back and wanted again before the first answer.
  (random) => {
    const content = any(random)
    return [
      { kind: 'weather', weather: random.pick(['calm', 'late', 'crawling', 'crawling']) ?? 'calm', gapMs: 0 },
      { kind: 'insert', content, own: true, gapMs: 400, until: 'remote uploading' },
      { kind: 'wait', gapMs: random.int(50) },
      { kind: 'delete', slot: someSlot(random), own: true, gapMs: random.pick([0, 0, 0, 3, 10]) ?? 0 },
      { kind: 'insert', slot: someSlot(random), content, gapMs: random.pick([60, 60_000]) ?? 60 },
      { kind: 'calm', gapMs: random.int(500) },
    ]
  },
  // Taken back in another tab while the answer of the upload waits for a slow disk.
  (random) => {
    const hasCheckpoint = random.chance(0.4)
    const content = random.pick(hasCheckpoint ? [0, 2, 4, 6] : [1, 3, 5]) ?? 2
    return [
      { kind: 'open', slot: 1, gapMs: 100 },
      { kind: 'insert', content, own: true, gapMs: 400, until: hasCheckpoint ? 'remote checkpoint' : 'remote uploading' },
      { kind: 'slowDisk', gapMs: random.pick([0, 0, 40]) ?? 0 },
      { kind: 'delete', slot: 1, own: true, gapMs: 600 },
      { kind: 'fastDisk', gapMs: 300 },
    ]
  },
  // Bytes go bad that an upload was taken back for, before the server has heard of it.
  (random) => {
    const content = random.pick([2, 4]) ?? 2
    return [
      { kind: 'open', slot: 1, gapMs: 100 },
      { kind: 'insert', content, own: true, gapMs: 400, until: 'remote checkpoint' },
      { kind: 'weather', weather: 'cut', gapMs: 0 },
      { kind: 'slowDisk', gapMs: 0 },
      { kind: 'delete', slot: 1, own: true, gapMs: 600, until: 'remote cancelling' },
      { kind: 'vanish', content, gapMs: 0 },
      { kind: 'read', slot: 1, content, gapMs: 600 },
      { kind: random.pick(['insert', 'calm'] as const) ?? 'calm', content, gapMs: 0 },
      { kind: 'calm', gapMs: 0 },
      { kind: 'fastDisk', gapMs: 300 },
    ]
  },
  // A slow fetch ends while the same bytes, brought by hand, are owed or on their way.
  (random) => {
    const content = small(random)
    return [
      { kind: 'insert', device: 1, content, gapMs: ARRIVES_MS },
      { kind: 'weather', weather: 'crawling', gapMs: 0 },
      { kind: 'read', content, gapMs: 60 },
      { kind: 'weather', weather: random.pick(['cut', 'crawling']) ?? 'cut', gapMs: 0 },
      { kind: 'insert', content, own: true, gapMs: 60_000 },
      { kind: 'calm', gapMs: 100 },
    ]
  },
  // It ends, with the bytes or with the word that they are gone, while an upload of them is being taken back.
  (random) => {
    const content = small(random)
    return [
      { kind: 'insert', device: 1, content, gapMs: ARRIVES_MS },
      ...(random.chance(0.6) ? [{ kind: 'outsideDelete', content, gapMs: 100 }, { kind: 'collect', content, gapMs: 400 } as const] as const : []),
      { kind: 'weather', weather: 'crawling', gapMs: 0 },
      { kind: 'read', content, gapMs: 60 },
      { kind: 'calm', gapMs: 0 },
      { kind: 'insert', content, own: true, gapMs: 400, until: 'remote checkpoint' },
      { kind: 'weather', weather: 'cut', gapMs: 0 },
      { kind: 'delete', own: true, gapMs: 50_000 },
      { kind: 'calm', gapMs: 100 },
    ]
  },
  // Bytes go bad while they are being sent, or wait to be.
  (random) => {
    const content = large(random)
    return [
      { kind: 'open', slot: 1, gapMs: 100 },
      random.chance(0.4) ? { kind: 'offline', gapMs: 0 } : { kind: 'weather', weather: random.pick(['late', 'crawling', 'crawling', 'cut']) ?? 'late', gapMs: 0 },
      { kind: 'insert', content, own: true, gapMs: 80 + random.int(250) },
      { kind: 'vanish', content, gapMs: random.int(30) },
      { kind: 'read', slot: 1, content, gapMs: random.int(200) },
      ...(random.chance(0.5) ? [{ kind: 'wait', gapMs: 46_000 } as const] : [{ kind: 'insert', content, gapMs: random.int(100) } as const]),
      { kind: 'calm', gapMs: 0 },
      { kind: 'online', gapMs: random.int(3_000) },
      ...(random.chance(0.4) ? [{ kind: 'retry', gapMs: random.int(500) } as const] : []),
      ...(random.chance(0.4) ? [{ kind: 'delete', own: true, gapMs: random.int(1_000) } as const] : []),
    ]
  },
  // They go bad when the upload has them in its hand, and it arrives.
  (random) => {
    const content = random.pick([2, 4]) ?? 2
    return [
      { kind: 'open', slot: 1, gapMs: 100 },
      { kind: 'insert', content, own: true, gapMs: 400, until: 'remote checkpoint' },
      { kind: 'weather', weather: 'crawling', gapMs: 0 },
      { kind: 'vanish', content, gapMs: 0 },
      { kind: 'read', slot: 1, content, gapMs: 46_000 },
      { kind: 'calm', gapMs: 100 },
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
  // A row is made of a name that somebody kept, and the server has collected its bytes.
  (random) => {
    const content = any(random)
    return [
      { kind: 'insert', device: 1, content, gapMs: ARRIVES_MS },
      { kind: 'read', content, gapMs: 600 },
      { kind: 'outsideDelete', content, gapMs: 600 },
      { kind: 'collect', content, gapMs: 0 },
      ...(random.chance(0.5) ? [{ kind: 'read', content, gapMs: 200 } as const] : []),
      { kind: 'insertRef', content, gapMs: 800 },
      { kind: random.pick(['retry', 'insert', 'discard'] as const) ?? 'retry', content, gapMs: 600 },
    ]
  },
  // A tab that does the work dies at some update of the way.
  (random) => {
    const content = any(random)
    return [
      { kind: 'open', slot: 1, gapMs: random.int(200) },
      { kind: 'crashOn', slot: someSlot(random), gapMs: 0 },
      { kind: 'insert', slot: 0, content, own: true, gapMs: random.int(400) },
      { kind: random.pick(['delete', 'replaceBlob', 'update', 'discard'] as const) ?? 'delete', slot: 1, own: true, gapMs: random.int(400) },
      { kind: 'open', slot: 0, gapMs: random.int(400) },
    ]
  },
]

/** A person changes their mind about a write that is on its way. */
const WRITES: readonly Scene[] = [
  (random) => [
    { kind: 'open', slot: 1, gapMs: 100 },
    { kind: 'weather', weather: random.pick(['late', 'late', 'flaky', 'refusing', 'echo', 'calm']) ?? 'calm', gapMs: 0 },
    { kind: random.pick(['batch', 'update', 'insert'] as const) ?? 'batch', gapMs: 600, until: 'mutation pushing' },
    { kind: random.chance(0.6) ? 'slowDisk' : 'fastDisk', gapMs: 0 },
    { kind: random.pick(['discard', 'discard', 'cancel'] as const) ?? 'discard', slot: someSlot(random), gapMs: random.int(300) },
    { kind: random.pick(['update', 'discard', 'retry', 'calm'] as const) ?? 'calm', own: true, gapMs: random.int(1_000) },
    { kind: 'calm', gapMs: 0 },
    { kind: 'fastDisk', gapMs: 200 },
  ],
  // The other side changed the row first, and its answer takes its time.
  (random) => [
    { kind: 'insert', own: true, content: any(random), gapMs: ARRIVES_MS },
    { kind: 'offline', gapMs: 0 },
    { kind: 'outsideWrite', gapMs: 0 },
    { kind: 'update', own: true, gapMs: 100 },
    { kind: 'weather', weather: random.pick(['late', 'calm']) ?? 'late', gapMs: 0 },
    { kind: 'online', gapMs: 3_000, until: 'mutation pushing' },
    { kind: random.pick(['discard', 'update', 'wait'] as const) ?? 'wait', own: true, gapMs: random.int(400) },
    { kind: random.pick(['discard', 'retry', 'update'] as const) ?? 'retry', own: true, gapMs: random.int(400) },
    { kind: 'calm', gapMs: 200 },
  ],
  // Given up before it was ever sent, and wanted after all.
  (random) => [
    { kind: 'offline', gapMs: 0 },
    { kind: 'insert', content: large(random), own: true, gapMs: 200 + random.int(200) },
    { kind: 'cancel', slot: someSlot(random), gapMs: random.int(200) },
    { kind: 'cancel', gapMs: random.int(200) },
    { kind: 'online', gapMs: random.int(1_000) },
    { kind: random.pick(['retry', 'delete', 'insert'] as const) ?? 'retry', own: true, gapMs: random.int(500) },
  ],
  // Refused once, and taken back while the second try is on its way.
  (random) => [
    { kind: 'insert', own: true, content: any(random), gapMs: 800 },
    { kind: random.pick(['update', 'batch'] as const) ?? 'update', own: true, gapMs: 600, until: 'mutation pushing' },
    { kind: 'wait', gapMs: 400, until: 'mutation queued' },
    { kind: 'weather', weather: 'late', gapMs: 3_000, until: 'mutation pushing' },
    { kind: 'discard', gapMs: random.int(5_000) },
    { kind: 'calm', gapMs: 200 },
  ],
  // A tab falls asleep with a push in its hand; the next one finds a conflict; then the push arrives after all.
  (random) => [
    { kind: 'open', slot: 0, gapMs: 200 },
    { kind: 'open', slot: 1, gapMs: 100 },
    { kind: 'insert', slot: 1, own: true, content: any(random), gapMs: ARRIVES_MS },
    { kind: 'stern', gapMs: 0 },
    { kind: 'outsideWrite', gapMs: 0 },
    { kind: 'weather', weather: 'crawling', gapMs: 0 },
    { kind: 'update', slot: 1, own: true, gapMs: 400, until: 'mutation pushing' },
    { kind: 'wait', gapMs: 60 },
    { kind: 'freeze', own: true, gapMs: 0 },
    { kind: 'calm', gapMs: 1_500 + random.int(2_000) },
    { kind: 'lenient', gapMs: 45_000 },
    { kind: 'thaw', own: true, gapMs: random.int(500) },
    { kind: 'stern', gapMs: 0 },
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

export const SCENES: { readonly [kind in SceneKind]: readonly Scene[] } = { bytes: BYTES, writes: WRITES }

export function sceneOf(kind: SceneKind, random: Random): readonly Beat[] {
  const scene = random.pick(SCENES[kind])
  return scene?.(random) ?? []
}

/** Of an even size: their uploads leave a checkpoint. */
const small = (random: Random): number => random.pick([0, 6]) ?? 0
const large = (random: Random): number => random.pick([1, 2, 4]) ?? 1
const any = (random: Random): number => random.int(5)
const someSlot = (random: Random): 0 | 1 => (random.chance(0.5) ? 0 : 1)
