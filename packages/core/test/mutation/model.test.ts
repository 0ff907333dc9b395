import { describe, expect, it } from 'vitest'
import type { MutationRecord, MutationState } from '../../src/model/mutation.ts'
import { settle, type EventData } from '../../src/mutation/settle.ts'
import { MUTATION_TABLE, type MutationCell, type MutationEvent } from '../../src/mutation/transition.ts'

type Name = MutationState['is']
type Verdict = 'applied' | 'rejected' | 'conflict' | 'retry'

/**
 * One push on its way: `out` until it reaches the other side, then what that said. `heard`: the leader that sent it waits for the
 * answer. One that nobody waits for can only arrive, or not.
 */
interface Flight {
  readonly at: 'out' | Verdict
  readonly heard: boolean
}

/** One write, its pushes, and what the other side really did with it. Spec: docs/spec/queue.md. */
interface World {
  readonly record: MutationState | 'gone' | 'takenBack'
  readonly epoch: number
  readonly flights: readonly Flight[]
  /** The server has applied it. */
  readonly server: boolean
  /** A replica on the device has it. */
  readonly replica: boolean
  /** The server has refused what the replica brought. */
  readonly refusedLate: boolean
  readonly wantsBack: boolean
}

type Acknowledges = 'server' | 'replica'
type Step = readonly [name: string, next: World]

const MAX_EPOCH = 2
const MAX_FLIGHTS = 2
const begin: World = { record: { is: 'queued' }, epoch: 1, flights: [], server: false, replica: false, refusedLate: false, wantsBack: false }

function hasRecord(world: World): world is World & { readonly record: MutationState } {
  return typeof world.record === 'object'
}

/** The write after an event, by the real table; a world without the record stays as it is. */
function after(world: World, event: MutationEvent, data: Partial<EventData>, acknowledges: Acknowledges): World {
  if (!hasRecord(world)) return world
  const before: MutationRecord = { v: 1, id: 'm', seq: 1, revision: 0, ops: [], state: world.record, attempts: 0, sent: true, failures: 0, nextAtMs: 0, createdAtMs: 0 }
  const { record, discarded } = settle(before, event, { acknowledges, epoch: world.epoch, ...data })
  return { ...world, record: record?.state ?? (discarded ? 'takenBack' : 'gone') }
}

const EVENT_OF: { readonly [verdict in Verdict]: MutationEvent } = { applied: 'appliedByServer', rejected: 'rejected', conflict: 'conflict', retry: 'retry' }

/** What can happen next. A crash is a new epoch: nobody hears the answers to the old one. */
function nextOf(world: World, acknowledges: Acknowledges): readonly Step[] {
  const steps: Step[] = []
  const state = hasRecord(world) ? world.record.is : undefined
  const inHand = world.flights.some(({ heard }) => heard)
  if ((state === 'queued' || state === 'discarding') && !inHand && world.flights.length < MAX_FLIGHTS) {
    const pushed = after(world, 'push', {}, acknowledges)
    steps.push(['push', { ...pushed, flights: [...world.flights, { at: 'out', heard: true }] }])
  }
  for (const flight of world.flights) steps.push(...flightSteps(world, flight, acknowledges))
  if (acknowledges === 'server' && world.server) steps.push(['rows come', after(world, 'contained', {}, acknowledges)])
  if (acknowledges === 'replica') steps.push(...replicaSteps(world))
  if (world.epoch < MAX_EPOCH) steps.push(['crash', after({ ...world, epoch: world.epoch + 1, flights: world.flights.flatMap(unheard) }, 'newEpoch', {}, acknowledges)])
  steps.push(['person: again', after(world, 'userRetry', {}, acknowledges)])
  if (hasRecord(world)) steps.push(['person: take back', after({ ...world, wantsBack: true }, 'userDiscard', {}, acknowledges)])
  return steps
}

function flightSteps(world: World, flight: Flight, acknowledges: Acknowledges): readonly Step[] {
  const others = world.flights.filter((one) => one !== flight)
  const without = { ...world, flights: others }
  const answered = (at: Verdict): World => ({ ...world, flights: flight.heard ? [...others, { at, heard: true }] : others })
  const steps: Step[] = []
  if (flight.at === 'out') {
    steps.push(['it arrives', { ...answered('applied'), ...(acknowledges === 'server' ? { server: true } : { replica: true }) }])
    const hasIt = acknowledges === 'server' ? world.server : world.replica
    for (const at of ['rejected', 'conflict', 'retry'] as const) if (!hasIt) steps.push([`it arrives: ${at}`, answered(at)])
    steps.push(['it is lost', flight.heard ? after(without, 'retry', {}, acknowledges) : without])
  }
  if (!flight.heard) return steps
  // The wait was given up; the push may still arrive.
  steps.push(['the answer is lost', after({ ...world, flights: [...others, ...unheard(flight)] }, 'retry', {}, acknowledges)])
  const event = flight.at === 'out' ? undefined : flight.at === 'applied' && acknowledges === 'replica' ? 'appliedByReplica' : EVENT_OF[flight.at]
  if (event !== undefined) steps.push(['the answer comes', after(without, event, {}, acknowledges)])
  return steps
}

function unheard(flight: Flight): readonly Flight[] {
  return flight.at === 'out' ? [{ at: 'out', heard: false }] : []
}

/** A replica tells of what it has, and later of what the server made of it. */
function replicaSteps(world: World): readonly Step[] {
  const steps: Step[] = []
  if (!world.replica) return steps
  if (!world.server && !world.refusedLate) {
    steps.push(['the server takes it', { ...world, server: true }], ['the server refuses it', { ...world, refusedLate: true }])
  }
  steps.push(['rows come', after(world, 'contained', {}, 'replica')])
  if (world.server) steps.push(['confirmed', after(world, 'confirmed', {}, 'replica')])
  if (world.refusedLate) steps.push(['refused late', after(world, 'rejected', {}, 'replica')])
  return steps
}

interface Explored {
  readonly worlds: readonly World[]
  readonly steps: ReadonlyMap<string, readonly Step[]>
}

const keyOf = (world: World): string => JSON.stringify({ ...world, flights: world.flights.map(({ at, heard }) => `${at} ${heard}`).sort() })

function explore(acknowledges: Acknowledges): Explored {
  const seen = new Map<string, World>([[keyOf(begin), begin]])
  const steps = new Map<string, readonly Step[]>()
  for (const world of seen.values()) {
    const next = nextOf(world, acknowledges)
    steps.set(keyOf(world), next)
    for (const [, to] of next) seen.set(keyOf(to), to)
  }
  return { worlds: [...seen.values()], steps }
}

/** The worlds from which some world that `isGoal` can be reached without the person. */
function leadingTo({ worlds, steps }: Explored, isGoal: (world: World) => boolean): ReadonlySet<string> {
  const before = new Map<string, string[]>()
  for (const world of worlds) {
    for (const [name, to] of steps.get(keyOf(world)) ?? []) {
      if (!name.startsWith('person')) before.set(keyOf(to), [...(before.get(keyOf(to)) ?? []), keyOf(world)])
    }
  }
  const found = new Set(worlds.filter(isGoal).map(keyOf))
  for (const key of found) for (const one of before.get(key) ?? []) found.add(one)
  return found
}

const isIn = (world: World, ...names: readonly Name[]): boolean => hasRecord(world) && names.includes(world.record.is)

/** What must hold in every world, each with those where it does not. */
function objections(acknowledges: Acknowledges): Readonly<Record<string, readonly World[]>> {
  const explored = explore(acknowledges)
  const { worlds } = explored
  const canEnd = leadingTo(explored, (world) => !hasRecord(world) || isIn(world, 'parked', 'conflict'))
  const canBeKnown = leadingTo(explored, (world) => !hasRecord(world))
  return {
    'gone without a server that has it': worlds.filter((world) => world.record === 'gone' && !world.server),
    'called applied, and no server has it': worlds.filter((world) => isIn(world, 'applied') && !world.server),
    'called handed, and no replica has it': worlds.filter((world) => isIn(world, 'handed') && !world.replica),
    'taken back, and nobody asked': worlds.filter((world) => world.record === 'takenBack' && !world.wantsBack),
    'taken back with the answer still to come': worlds.filter((world) => world.record === 'takenBack' && !world.refusedLate && world.flights.some(({ heard }) => heard)),
    'waits for ever': worlds.filter((world) => !canEnd.has(keyOf(world))),
    'at the server, and for ever pending': worlds.filter((world) => world.server && !canBeKnown.has(keyOf(world))),
  }
}

function namesOf(found: Readonly<Record<string, readonly World[]>>): readonly string[] {
  return Object.entries(found).flatMap(([name, worlds]) => (worlds.length > 0 ? [name] : []))
}

/** The table with one cell changed, for as long as `run` takes. */
function withCell<T>(state: Name, event: MutationEvent, cell: MutationCell, run: () => T): T {
  const row = MUTATION_TABLE[state] as Record<MutationEvent, MutationCell>
  const before = row[event]
  row[event] = cell
  try {
    return run()
  } finally {
    row[event] = before
  }
}

describe.for(['server', 'replica'] as const)('every state that a write can reach where a %s acknowledges', (acknowledges) => {
  const { worlds } = explore(acknowledges)

  it('is one of the table, and each but that of the other kind is reached', () => {
    const reached = new Set(worlds.flatMap((world) => (hasRecord(world) ? [world.record.is] : [])))
    const others: readonly Name[] = acknowledges === 'server' ? ['handed'] : ['applied']
    expect([...reached].sort()).toEqual(Object.keys(MUTATION_TABLE).filter((name) => !others.includes(name as Name)).sort())
  })

  // F-5 F-13 F-38 F-60
  it('keeps the write until a server has it or the person took it back, and ends', () => {
    for (const [name, found] of Object.entries(objections(acknowledges))) expect(found, name).toEqual([])
  })
})

describe('the model of a write', () => {
  it.for([
    ['server', 'pushing', 'userDiscard', 'goneByDiscard', 'taken back with the answer still to come'],
    ['server', 'pushing', 'rejected', 'gone', 'gone without a server that has it'],
    ['server', 'pushing', 'newEpoch', 'stay', 'waits for ever'],
    ['server', 'conflict', 'contained', 'stay', 'at the server, and for ever pending'],
    ['server', 'parked', 'contained', 'stay', 'at the server, and for ever pending'],
    ['server', 'applied', 'contained', 'stay', 'waits for ever'],
    ['server', 'pushing', 'retry', 'goneByDiscard', 'taken back, and nobody asked'],
    ['server', 'pushing', 'retry', 'applied', 'called applied, and no server has it'],
    ['replica', 'handed', 'contained', 'gone', 'gone without a server that has it'],
    ['replica', 'handed', 'confirmed', 'stay', 'waits for ever'],
    ['replica', 'parked', 'contained', 'gone', 'gone without a server that has it'],
    ['replica', 'conflict', 'contained', 'gone', 'gone without a server that has it'],
  ] as const)('where a %s acknowledges, looks at %s %s -> %s', ([acknowledges, state, event, cell, objection]) => {
    expect(withCell(state, event, cell, () => namesOf(objections(acknowledges)))).toContain(objection)
  })
})
