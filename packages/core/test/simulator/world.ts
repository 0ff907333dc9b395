import type { ConflictResolution } from '../../src/index.ts'
import type { BlobRef } from '../../src/wire/blob-ref.ts'
import type { Platform } from './platform.ts'
import { History } from './history.ts'
import { themeOf, type Theme } from './plan.ts'
import { createRandom, type Random } from './random.ts'
import { TokenDesk } from './sim-auth.ts'
import { SimDevice } from './sim-device.ts'
import { SimServer } from './sim-server.ts'
import { SimTab } from './sim-tab.ts'
import { Trace } from './trace.ts'
import { VirtualTime } from './virtual-time.ts'

/** What must never be, and what must hold. */
export type Verdict = 'lost' | 'corrupt' | 'stuck' | 'duplicated' | 'diverged' | 'disobeyed' | 'ledger'

export interface Violation {
  readonly is: Verdict
  readonly what: string
}

let worlds = 0

/** Everything of one seed: two devices, one server, one clock. */
export class World {
  readonly id: number = (worlds += 1)
  readonly theme: Theme
  readonly random: Random
  readonly time: VirtualTime
  readonly server: SimServer
  /** What every device of this world does about conflicts. */
  readonly resolution: ConflictResolution
  /** Whether tabs answer conflicts by themselves; else people do, through the queue. */
  readonly hasHandlers: boolean
  readonly devices: readonly SimDevice[]
  readonly history: History
  readonly violations: Violation[] = []
  readonly log: Trace
  readonly platform: Platform
  /** Room for a few blobs only, in some worlds. */
  readonly cacheMaxBytes: number | undefined
  crashes = 0
  /** Requests that have left a tab and have not reached the server: they do, even when the tab is dead by then. */
  onTheWay = 0
  /** Every reference that anybody ever saw: people keep links to what is long gone. */
  readonly knownRefs: BlobRef[] = []
  /** Every tab there ever was. */
  readonly tabs: SimTab[] = []

  constructor(seed: number, platform: Platform, keepTrace: boolean) {
    this.platform = platform
    this.theme = themeOf(seed)
    this.random = createRandom(seed)
    this.log = new Trace(keepTrace)
    this.time = new VirtualTime(() => platform.drain())
    const rules = this.random.fork(1)
    const replicas = rules.chance(0.25)
    this.cacheMaxBytes = rules.chance(0.4) ? 400 : undefined
    this.server = new SimServer({
      refuses: rules.chance(0.4) ? 0.25 : 0, reportsConflicts: !replicas && rules.chance(0.3), remembersCollected: rules.chance(0.5), replicas,
      ...this.theme.rules,
    }, this.random.fork(2))
    // In some worlds people are signed in, with tokens that wear out.
    if (this.random.fork(4).chance(0.25)) this.server.tokens = new TokenDesk()
    this.history = new History(this.server, () => this.log.tick)
    const resolution = rules.pick(['last-write-wins', 'server-wins', 'manual', 'manual', 'manual'] as const) ?? 'manual'
    // A replica merges by itself: nobody would be asked.
    this.resolution = this.server.replicas ? 'last-write-wins' : resolution
    this.hasHandlers = this.resolution === 'manual' && rules.chance(0.5)
    // Somebody else may win: whose write it was, it may be in force or not.
    this.server.onConflict = (ops) => {
      if (this.resolution === 'last-write-wins') return
      for (const device of this.devices) for (const { table, rowId } of ops) this.history.weaken(device.name, table, rowId)
    }
    this.devices = [new SimDevice('A', this), new SimDevice('B', this)]
    for (const device of this.devices) device.weather = this.theme.weather
  }

  trace(line: string): number {
    return this.log.add(this.time.nowMs, line)
  }

  violation(is: Verdict, what: string): void {
    this.violations.push({ is, what })
    this.trace(`VIOLATION ${is}: ${what}`)
  }

  openTab(device: SimDevice, slot: number): SimTab {
    const tab = new SimTab(this, device, this.tabs.length + 1)
    this.tabs.push(tab)
    device.tabs[slot] = tab
    this.trace(`${tab.name} opens`)
    return tab
  }

  /** What the promise gives without time passing; `undefined` when it needs time. A rejection counts as nothing. */
  async peek<T>(promise: Promise<T>): Promise<T | undefined> {
    let value: T | undefined
    promise.then((resolved) => { value = resolved }, () => undefined)
    await this.platform.drain()
    return value
  }
}
