import type { PendingItem } from '../../src/events.ts'
import { parseBlobRef } from '../../src/wire/blob-ref.ts'
import { died } from './act.ts'
import { hashNow } from './sim-blob.ts'
import type { SimDevice } from './sim-device.ts'
import type { SimTab } from './sim-tab.ts'
import type { World } from './world.ts'

/** Longer than any backoff and than the longest patience that a server may ask for. */
const SETTLE_MS = 4 * 3_600_000
const LOOK_EVERY_MS = 500
/** Many times what any run needs: what has not settled by then goes round in a circle. */
const MAX_TIMERS = 20_000

/** Every trouble ends; then everything that is owed has to arrive, in tabs that have lived through it and in new ones. */
export async function heal(world: World, options: { readonly retries: boolean }): Promise<void> {
  world.trace('heals')
  for (const device of world.devices) {
    device.weather = {}
    device.full = 0
    device.diskSlowness = 1
    device.setOnline(true)
    for (const tab of device.living()) {
      tab.spare()
      tab.thaw()
      tab.setHidden(false)
    }
  }
  world.server.heal()
  await world.time.advance(1)
  for (const device of world.devices) for (const tab of device.living()) if (tab.isClosing) await closes(world, tab)
  for (const device of world.devices) await leaves(world, device)
  for (const device of world.devices) reloadFailed(world, device)
  // What people had asked of a tab that was frozen, a pause among it, takes effect before they let things go on.
  await world.time.advance(5_000)
  for (const device of world.devices) await resumes(world, device)
  await settle(world, 'after the faults ended')
  if (options.retries) {
    for (let round = 0; round < 4 && (await retryParked(world)); round++) await settle(world, 'after the person tried parked items again')
  }
  await restart(world)
  await settle(world, 'after a restart')
  // Reading may heal what was bad here, and then more can be sent.
  await readAll(world)
  await settle(world, 'after everything was read')
}

/** The bytes of every row that the server has, on every device. */
async function readAll(world: World): Promise<void> {
  for (const device of world.devices) {
    const hashes = [...world.server.remote.rows.values()].flatMap((row) => Object.values(row).flatMap((value) => parseBlobRef(value)?.hash ?? []))
    for (const hash of new Set(hashes)) {
      let blob: Blob | null | undefined
      device.living()[0]?.engine.blobs.get(hash).then((got) => { blob = got }, (error: unknown) => world.violation('lost', `${device.name}: ${hash} cannot be read: ${String(error)}`))
      await world.time.advance(60_000, () => blob !== undefined)
      if (blob === null || blob === undefined) world.violation('lost', `${device.name}: has no bytes for ${hash}`)
      else if (hashNow(blob) !== hash) world.violation('corrupt', `${device.name}: other bytes for ${hash}`)
    }
  }
}

/** A tab that could not open its storage shows an error; the person loads it again. A device without a tab gets one. */
function reloadFailed(world: World, device: SimDevice): void {
  device.tabs.forEach((tab, slot) => {
    if (tab === undefined || tab.isDead || !tab.hasFailed) return
    tab.die()
    died(world, tab)
    world.openTab(device, slot)
  })
  if (device.living().length === 0) world.openTab(device, 0)
}

/** Who began to sign out has signed out, or stays. */
async function leaves(world: World, device: SimDevice): Promise<void> {
  const isLeaving = (): boolean => device.living().some((tab) => tab.isLeaving)
  await world.time.advance(isLeaving() ? 120_000 : 0, () => !isLeaving())
  if (isLeaving()) world.violation('stuck', `${device.name}: somebody does not get out`)
}

function reloadSignedOut(world: World): boolean {
  const devices = world.devices.filter((device) => device.living().some(({ wasSignedOut }) => wasSignedOut))
  for (const device of devices) reloadFailed(world, device)
  return devices.length > 0
}

async function resumes(world: World, device: SimDevice): Promise<void> {
  let end: 'resumed' | 'refused' | undefined
  const ask = (): void => {
    end = undefined
    device.living()[0]?.engine.offline.resume().then(() => { end = 'resumed' }, () => { end = 'refused' })
  }
  ask()
  await world.time.advance(120_000, () => end !== undefined)
  // Somebody signed out in another tab, and this one hears of it only now: it is loaded again, as a person does.
  if (end === 'refused') {
    reloadFailed(world, device)
    ask()
    await world.time.advance(120_000, () => end !== undefined)
  }
  if (end !== 'resumed') world.violation('stuck', `${device.name} does not go on`)
}

async function restart(world: World): Promise<void> {
  for (const device of world.devices) {
    for (const tab of device.living()) await closes(world, tab)
    world.openTab(device, 0)
  }
}

async function closes(world: World, tab: SimTab): Promise<void> {
  let closed = false
  tab.close().then(() => { closed = true }, () => undefined)
  await world.time.advance(120_000, () => closed)
  if (!closed) world.violation('stuck', `${tab.name} does not close`)
  tab.die()
}

/** Waits until nothing is owed but what waits for a person. */
async function settle(world: World, when: string): Promise<void> {
  const endMs = world.time.nowMs + SETTLE_MS
  const lastTimer = world.time.fired + MAX_TIMERS
  let unsettled: string | undefined
  while (world.time.nowMs < endMs && world.time.fired < lastTimer) {
    const goesOn = await world.time.advance(LOOK_EVERY_MS)
    // One that opened while somebody signed out in another may hear of it only now.
    if (reloadSignedOut(world)) continue
    unsettled = world.devices.map(whatIsOwed).find((one) => one !== undefined) ?? whatIsOnTheWay(world)
    if (unsettled === undefined) {
      // What is done beside everything else (tidying up, a last fetch) ends as well.
      await world.time.advance(5_000)
      return
    }
    if (!goesOn) break
  }
  world.violation('stuck', `${when}: ${unsettled ?? ''}`)
}

/** What the server takes late changes rows on every device. */
function whatIsOnTheWay({ onTheWay }: World): string | undefined {
  return onTheWay === 0 ? undefined : `${onTheWay} requests have not reached the server`
}

function whatIsOwed(device: SimDevice): string | undefined {
  for (const tab of device.living()) {
    const status = tab.engine.status.getSnapshot()
    if (status.durable === undefined) return `${tab.name} never opened: ${String(status.error?.code)}`
    const waiting = blockedOrParked(status.pending)
    const owed = status.pending.find((item) => !waiting.has(item.id))
    if (owed !== undefined) return `${tab.name} still has ${owed.type} ${owed.id} ${owed.state} ${JSON.stringify('waitsFor' in owed ? owed.waitsFor : {})}`
  }
  if (!device.living().some((tab) => tab.engine.status.getSnapshot().leads)) return `no tab of ${device.name} leads`
  return device.living().length === 0 ? `${device.name} has no tab` : undefined
}

/** Ids of what waits for a person, and of what waits for that. */
export function blockedOrParked(items: readonly PendingItem[]): ReadonlySet<string> {
  const waiting = new Set<string>(items.filter(({ state }) => state === 'parked' || state === 'conflict' || state === 'lost').map(({ id }) => id))
  for (let before = -1; before !== waiting.size;) {
    before = waiting.size
    for (const item of items) {
      if (item.type !== 'upload' && [...item.waitsFor.blobs, ...item.waitsFor.mutations].some((id) => waiting.has(id))) waiting.add(item.id)
    }
  }
  return waiting
}

async function retryParked(world: World): Promise<boolean> {
  let any = false
  for (const device of world.devices) {
    const [tab] = device.living()
    for (const item of tab?.engine.status.getSnapshot().pending ?? []) {
      if (item.state !== 'parked' && item.state !== 'conflict') continue
      any = true
      tab?.engine.offline.retry(item.id).catch(() => undefined)
    }
  }
  await world.time.advance(1_000)
  return any
}
