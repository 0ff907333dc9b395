import type { Action } from './plan.ts'
import type { BlobHash } from '../../src/wire/blob-hash.ts'
import { parseBlobRef } from '../../src/wire/blob-ref.ts'
import type { RowWire } from '../../src/wire/mutation-wire.ts'
import { WEATHERS, type WeatherName } from './faults.ts'
import { SERVER, tagged } from './history.ts'
import { Person } from './person.ts'
import { hashOfContent } from './hand.ts'
import { MOMENTS } from './moments.ts'
import { createRandom, type Random } from './random.ts'
import type { SimDevice } from './sim-device.ts'
import type { SimTab } from './sim-tab.ts'
import type { World } from './world.ts'

const JUMPS_MS = [-86_400_000, -3_600_000, -30_000, 30_000, 3_600_000, 86_400_000]

const NAMES = Object.keys(WEATHERS) as WeatherName[]

/** Why a person does not get out: work is pending, the disk is full, another tab was faster or this one is closed, or it never opened. */
const WHY_STAY: ReadonlySet<string> = new Set(['PENDING_WORK', 'STORAGE_FULL', 'SIGNED_OUT', 'CLOSED'])

/** Carries out one decision. Those that make no sense right now do nothing. */
export async function act(world: World, action: Action): Promise<void> {
  const random = createRandom(action.salt)
  const device = world.devices[action.device]
  if (device === undefined) return
  const tab = device.tabs[action.slot]
  const living = tab === undefined || tab.isDead ? undefined : tab
  const someTab = living ?? device.living()[0]
  switch (action.kind) {
    case 'open':
      if (living === undefined) world.openTab(device, action.slot)
      return
    case 'weather': device.weather = WEATHERS[action.weather ?? random.pick(NAMES) ?? 'calm']; return
    case 'calm': device.weather = world.theme.weather; return
    case 'offline': device.setOnline(false); return
    case 'online': device.setOnline(true); return
    case 'full': device.full = 0.3; return
    case 'roomy': device.full = 0; return
    case 'slowDisk': device.diskSlowness = 20; return
    case 'fastDisk': device.diskSlowness = 1; return
    case 'clockJump': device.wallOffsetMs += random.pick(JUMPS_MS) ?? 0; return
    case 'collect': {
      const removed = world.server.collect(action.content === undefined ? random.int(4) : 0)
      if (removed.length > 0) world.trace(`server collects ${removed.map((hash) => hash.slice(7, 15)).join()}`)
      return
    }
    case 'stranger': {
      const content = await device.meetStranger(random)
      // Somebody brings the very bytes that the strange record is about.
      if (living !== undefined) new Person(world, device, living, { ...action, content }).insert()
      return
    }
    case 'updateApp': updateApp(world, device); return
    case 'expire': world.server.tokens?.expire(); return
    case 'lenient': world.server.reportConflicts(false); return
    case 'stern': world.server.reportConflicts(true); return
    case 'vanish': return vanish(world, device, action)
    case 'powerCut': return powerCut(world, device, random)
    case 'outsideWrite': case 'outsideDelete': return outside(world, action.kind, random.int(2 ** 31), action.content)
    case 'wait': return
    default: return someTab === undefined ? undefined : inTab(world, action, someTab)
  }
}

async function inTab(world: World, action: Action, tab: SimTab): Promise<void> {
  const random = createRandom(action.salt)
  const device = world.devices[action.device]
  if (device === undefined) return
  switch (action.kind) {
    case 'crash':
      tab.dieAt(1 + random.int(40), () => died(world, tab))
      return
    case 'crashOn': crashOn(world, device, tab, action); return
    case 'close':
      world.trace(`${tab.name} closes`)
      if (tab.isFrozen) return
      tab.close().catch((error: unknown) => world.violation('stuck', `${tab.name} could not close: ${String(error)}`))
      return
    case 'logout': signOut(world, tab, action); return
    case 'freeze': {
      const leader = action.own === true ? leaderOf(device) : undefined
      const sleeper = leader ?? tab
      sleeper.freeze(leader !== undefined || random.chance(0.7))
      return
    }
    case 'thaw': for (const one of action.own === true ? device.living() : [tab]) one.thaw(); return
    case 'hide': tab.setHidden(true); return
    case 'show': tab.setHidden(false); return
    default:
  }
  const person = new Person(world, device, tab, action)
  switch (action.kind) {
    case 'insert': person.insert(); return
    case 'insertAlbum': return person.insertAlbum()
    case 'insertRef': return person.insertRef()
    case 'update': return person.update()
    case 'replaceBlob': return person.replaceBlob()
    case 'nameBlob': return person.nameBlob()
    case 'upsert': return person.upsert()
    case 'delete': return person.delete()
    case 'burst': person.burst(); return
    case 'batch': return person.batch()
    case 'read': return person.read()
    case 'retry': return person.retry()
    case 'discard': return person.discard()
    case 'pause': return person.pause()
    case 'resume': return person.resume()
    case 'cancel': return person.cancel()
    default:
  }
}

/** Whoever leads, mostly. With a content, somebody brings just that in another tab at the very moment. */
function crashOn(world: World, device: SimDevice, tab: SimTab, action: Action): void {
  const random = createRandom(action.salt)
  const leader = leaderOf(device)
  const victim = leader !== undefined && random.chance(0.7) ? leader : tab
  victim.dieOn(action.moment ?? random.pick(MOMENTS) ?? 'mutation queued', () => {
    died(world, victim)
    const [other] = device.living()
    if (action.content !== undefined && other !== undefined) new Person(world, device, other, action).insert()
  })
}

function signOut(world: World, tab: SimTab, { salt }: Action): void {
  if (tab.isFrozen || tab.isClosing || tab.isLeaving) return
  const pending = createRandom(salt).pick(['refuse', 'keep', 'discard'] as const) ?? 'refuse'
  world.trace(`${tab.name} signs out: ${pending}`)
  tab.leave(pending).then(() => world.trace(`${tab.name} has signed out`), (error: unknown) => {
    const { code } = error as { readonly code?: unknown }
    world.trace(`${tab.name} did not sign out: ${String(code)}`)
    if (!WHY_STAY.has(String(code))) world.violation('stuck', `${tab.name} could not sign out: ${String(error)}`)
  })
}

function leaderOf(device: SimDevice): SimTab | undefined {
  return device.living().find((one) => one.engine.status.getSnapshot().leads)
}

/** All tabs go, and the next has the newer version. A replica keeps rows in words of its own. */
function updateApp(world: World, device: SimDevice): void {
  if (world.server.replicas || device.isUpdated) return
  for (const tab of device.living()) {
    tab.die()
    died(world, tab)
  }
  device.isUpdated = true
  world.openTab(device, 0)
}

export function died(world: World, tab: SimTab): void {
  world.crashes += 1
  world.trace(`${tab.name} dies`)
  world.history.crashed(tab.ops)
}

async function vanish(world: World, device: SimDevice, { content, salt }: Action): Promise<void> {
  const random = createRandom(salt)
  const stored: BlobHash[] = []
  for await (const { hash } of device.cache().list()) if (content === undefined || hash === hashOfContent(content)) stored.push(hash)
  const hash = random.pick(stored.sort())
  if (hash === undefined) return
  world.trace(`${device.name}: ${hash.slice(7, 15)} goes bad`)
  await device.vanish(hash, random.chance(content === undefined ? 0.5 : 0.2))
}

/** All tabs die at once, and the disk forgets what it was not made to keep. */
async function powerCut(world: World, device: SimDevice, random: Random): Promise<void> {
  for (const tab of device.living()) {
    tab.die()
    died(world, tab)
  }
  await device.cutPower(random)
}

function somePhoto(world: World, choice: number, content: number | undefined): string | undefined {
  const about = content === undefined ? undefined : hashOfContent(content)
  const isAbout = ([key, row]: [string, RowWire]): boolean => key.startsWith('photos/') && (about === undefined || parseBlobRef(row.image)?.hash === about)
  const keys = [...world.server.remote.rows].filter(isAbout).map(([key]) => key).sort()
  return keys[choice % Math.max(1, keys.length)]?.slice('photos/'.length)
}

/** Somebody else changes a row at the server. */
function outside(world: World, kind: 'outsideWrite' | 'outsideDelete', choice: number, content: number | undefined): void {
  const { remote } = world.server
  const rowId = somePhoto(world, choice, content)
  if (rowId === undefined) return
  const where = { table: 'photos' as const, rowId }
  if (kind === 'outsideWrite') {
    const op = world.history.begin({ where: SERVER, kind: 'update', ...where, columns: ['title'] })
    remote.write({ kind: 'update', ...where, values: { title: tagged('title', op.tag) }, previous: null })
    world.trace(`somebody else writes #${op.tag} ${rowId}`)
    world.history.noteOutside(op)
  } else {
    const op = world.history.begin({ where: SERVER, kind: 'delete', ...where, columns: [] })
    remote.write({ kind: 'delete', ...where, values: {}, previous: null })
    world.trace(`somebody else deletes #${op.tag} ${rowId}`)
    world.history.noteOutside(op)
  }
}
