import type { Weather, WeatherName } from './faults.ts'
import type { Moment } from './moments.ts'
import { createRandom, type Random } from './random.ts'
import { withExtras } from './extra-scenes.ts'
import { sceneOf, type SceneKind } from './scenes.ts'
import type { ServerRules } from './sim-server.ts'

export type ActionKind =
  | 'open' | 'close' | 'logout' | 'crash' | 'crashOn' | 'powerCut' | 'freeze' | 'thaw' | 'hide' | 'show'
  | 'insert' | 'insertAlbum' | 'insertRef' | 'update' | 'replaceBlob' | 'nameBlob' | 'upsert' | 'delete' | 'burst' | 'batch'
  | 'read' | 'retry' | 'discard' | 'pause' | 'resume' | 'cancel'
  | 'weather' | 'calm' | 'offline' | 'online' | 'full' | 'roomy' | 'slowDisk' | 'fastDisk' | 'clockJump'
  | 'stranger' | 'expire' | 'updateApp'
  | 'outsideWrite' | 'outsideDelete' | 'lenient' | 'stern' | 'collect' | 'vanish' | 'wait'

/** Kinds that come in extra scenes alone. */
export type ExtraKind = 'stranger' | 'expire' | 'updateApp'

/** One decision of a run. Taking some out of the list leaves a run that makes sense: that is how a failing one is shrunk. */
export interface Action {
  readonly kind: ActionKind
  readonly device: 0 | 1
  readonly slot: 0 | 1 | 2
  /** What else the action leaves to chance. */
  readonly salt: number
  /** Time that passes afterwards. */
  readonly gapMs: number
  /** Less time passes when an update of the device's state writes this. */
  readonly until?: Moment
  /** Which of the few contents it is about; left out, any or one that nobody else has. */
  readonly content?: number
  /** About the row that this device made last; of freezing and thawing, about the tab that leads. */
  readonly own?: boolean
  readonly moment?: Moment
  readonly weather?: WeatherName
}

/** How often each kind comes, relative to the others. */
const WEIGHTS: Readonly<Record<Exclude<ActionKind, ExtraKind>, number>> = {
  open: 5, close: 2, logout: 1, crash: 5, crashOn: 5, powerCut: 1, freeze: 2, thaw: 2, hide: 2, show: 2,
  insert: 14, insertAlbum: 2, insertRef: 5, update: 10, replaceBlob: 7, nameBlob: 3, upsert: 3, delete: 6, burst: 4, batch: 5,
  read: 6, retry: 2, discard: 3, pause: 1.5, resume: 3, cancel: 1.5,
  weather: 5, calm: 3, offline: 2, online: 3, full: 2, roomy: 2, slowDisk: 1, fastDisk: 2, clockJump: 2,
  outsideWrite: 2, outsideDelete: 1, lenient: 0.5, stern: 0.5, collect: 4, vanish: 1.5, wait: 3,
}

/** What a seed is about, beside the usual: some things meet only where they are frequent. */
export interface Theme {
  readonly name: string
  readonly weights: Partial<Readonly<Record<ActionKind, number>>>
  /** Of how many contents people's files are, where they are not unique. */
  readonly contents: number
  /** How likely a file is unique. */
  readonly unique: number
  readonly rules: Partial<ServerRules>
  /** How the network is when nothing else is said. */
  readonly weather: Weather
  /** What is played between the decisions that are drawn one by one, and how often. */
  readonly scenes?: { readonly kind: SceneKind; readonly chance: number }
}

const THEMES: readonly Theme[] = [
  { name: 'everything', weights: {}, contents: 12, unique: 0.5, rules: {}, weather: {} },
  { name: 'many tabs', weights: { open: 12, crash: 12, freeze: 6, thaw: 6, hide: 6, show: 6 }, contents: 6, unique: 0.3, rules: {}, weather: {} },
  // The same bytes come, go and come again, while uploads are under way.
  {
    name: 'regrets', weights: { delete: 16, insert: 20, replaceBlob: 14, discard: 10, crash: 12, read: 10, retry: 0 }, contents: 2, unique: 0,
    rules: { refuses: 0, replicas: false }, weather: { slow: 0.3 },
  },
  // Bytes go bad on the device while everybody looks at them.
  {
    name: 'rot', weights: { vanish: 20, read: 30, insert: 18, insertRef: 10, delete: 10, discard: 6 }, contents: 3, unique: 0.1,
    rules: { replicas: false, remembersCollected: true }, weather: { slow: 0.3 },
  },
  // People hold on to names of what the server has collected.
  {
    name: 'graveyard', weights: { collect: 24, outsideDelete: 8, delete: 14, read: 30, insertRef: 14, nameBlob: 8, insert: 18, vanish: 6, crash: 2, freeze: 0, full: 0, wait: 6 },
    contents: 3, unique: 0, rules: { replicas: false, remembersCollected: true, refuses: 0 }, weather: {},
  },
  // Two devices want different things, and people change their minds.
  {
    name: 'conflicts', weights: { update: 24, discard: 20, retry: 8, outsideWrite: 14, upsert: 10, freeze: 6, thaw: 6 }, contents: 12, unique: 0.5,
    rules: { replicas: false, reportsConflicts: true }, weather: { slow: 0.4 },
  },
  {
    name: 'second thoughts', weights: { update: 20, discard: 20, insert: 20, retry: 6, crash: 10, open: 10 }, contents: 12, unique: 0.5,
    rules: { replicas: true, refuses: 0.2 }, weather: { slow: 0.2 },
  },
  // People come and go on one device.
  {
    name: 'comings and goings', weights: { logout: 10, open: 20, crash: 10, insert: 20, retry: 0, discard: 1 }, contents: 6, unique: 0.3, rules: {}, weather: {},
  },
  {
    name: 'races for bytes', weights: { weather: 1, offline: 0.5, full: 0.5, crash: 2, insert: 4 }, contents: 5, unique: 0,
    rules: { replicas: false, remembersCollected: true, refuses: 0 }, weather: {}, scenes: { kind: 'bytes', chance: 0.7 },
  },
  {
    name: 'races of writes', weights: { weather: 1, offline: 0.5, full: 0.5, crash: 2 }, contents: 5, unique: 0.5,
    rules: { replicas: false, reportsConflicts: true, refuses: 0.3 }, weather: {}, scenes: { kind: 'writes', chance: 0.7 },
  },
  {
    name: 'races with a replica', weights: { weather: 1, offline: 0.5, full: 0.5, crash: 2 }, contents: 5, unique: 0.5,
    rules: { replicas: true, refuses: 0.1 }, weather: {}, scenes: { kind: 'writes', chance: 0.7 },
  },
]

export function themeOf(seed: number): Theme {
  return THEMES[Math.abs(seed) % THEMES.length] ?? { name: 'none', weights: {}, contents: 12, unique: 0.5, rules: {}, weather: {} }
}

const GAPS_MS = [0, 0, 1, 5, 20, 60, 200, 800]

/** The decisions of a seed: a pure function of it. */
export function planOf(seed: number): readonly Action[] {
  const random = createRandom(seed).fork(77)
  const weights = { ...WEIGHTS, ...themeOf(seed).weights }
  const total = Object.values(weights).reduce((sum, weight) => sum + weight, 0)
  const draw = (): ActionKind => {
    let left = random.next() * total
    for (const [kind, weight] of Object.entries(weights)) {
      left -= weight
      if (left < 0) return kind as ActionKind
    }
    return 'wait'
  }
  const { scenes } = themeOf(seed)
  const actions: Action[] = [opening(0, 0), opening(1, 0)]
  const length = 20 + random.int(45) + (scenes === undefined ? 0 : 40)
  while (actions.length < length) {
    if (scenes !== undefined && random.chance(scenes.chance)) actions.push(...play(scenes.kind, random))
    else actions.push(single(draw(), random))
  }
  return withExtras(actions, createRandom(seed).fork(78))
}

function single(kind: ActionKind, random: Random): Action {
  const gap = random.pick(GAPS_MS) ?? 0
  return {
    kind, device: random.chance(0.6) ? 0 : 1, slot: random.chance(0.6) ? 0 : random.chance(0.6) ? 1 : 2, salt: random.int(2 ** 31),
    gapMs: kind === 'wait' ? 2_000 + random.int(60_000) : gap,
  }
}

function play(kind: SceneKind, random: Random): readonly Action[] {
  return sceneOf(kind, random).map((beat) => ({ device: 0, slot: 0, salt: random.int(2 ** 31), ...beat }))
}

function opening(device: 0 | 1, slot: 0): Action {
  return { kind: 'open', device, slot, salt: 0, gapMs: 0 }
}
