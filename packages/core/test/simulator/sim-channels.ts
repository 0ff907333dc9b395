import type { OpenTabChannel } from '../../src/provider/index.ts'
import type { Random } from './random.ts'
import type { VirtualTime } from './virtual-time.ts'

const LOST = 0.3
const TWICE = 0.2
const LATE_MS = 4_000

/** How a tab gets what others say: not at all when it is dead, later when it is frozen. */
type Deliver = (run: () => void) => void

/** Messages between the tabs of a device: lost, late, in another order, or twice. */
export class SimChannels {
  readonly #time: VirtualTime
  readonly #random: Random
  readonly #members: Set<(message: unknown) => void> = new Set()

  constructor(time: VirtualTime, random: Random) {
    this.#time = time
    this.#random = random
  }

  /** For one tab. All of a device's talk is in one channel: whose it is makes no difference to anybody. */
  open(deliver: Deliver): OpenTabChannel {
    return (_name, onMessage) => {
      const own = (message: unknown): void => deliver(() => {
        if (this.#members.has(own)) onMessage(message)
      })
      this.#members.add(own)
      return {
        post: (message) => {
          for (const other of [...this.#members]) if (other !== own) this.#send(other, structuredClone(message))
        },
        close: () => void this.#members.delete(own),
      }
    }
  }

  #send(other: (message: unknown) => void, message: unknown): void {
    if (this.#random.chance(LOST)) return
    const copies = this.#random.chance(TWICE) ? 2 : 1
    for (let copy = 0; copy < copies; copy++) this.#time.timer(this.#random.chance(0.5) ? 0 : this.#random.int(LATE_MS), () => other(message))
  }
}
