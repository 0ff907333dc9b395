import type { DataContext } from '@bse/core/provider'
import type { DataHarness, OpenedData } from '@bse/core/testing'
import { Proxy } from '../../../../scripts/services/proxy.ts'
import { electricData, type ElectricDataOptions } from '../../src/index.ts'
import type { ElectricHost } from './electric-host.ts'

/** Devices of one host, each with a wire of its own that stays cut over restarts until it is restored. The host stays open. */
export class ElectricHarness implements DataHarness {
  readonly #host: ElectricHost
  readonly #options: Partial<ElectricDataOptions>
  readonly #wires = new Map<string, Proxy>()

  constructor(host: ElectricHost, options: Partial<ElectricDataOptions> = {}) {
    this.#host = host
    this.#options = options
  }

  async open(context: DataContext, device: string): Promise<OpenedData> {
    const wire = await this.wire(device)
    const alive = new AbortController()
    // A process that dies takes its requests with it.
    const mortal: typeof fetch = (input, init) => context.fetch(input, { ...init, signal: AbortSignal.any([alive.signal, ...(init?.signal ? [init.signal] : [])]) })
    const connection = await electricData({ url: wire.url, ...this.#options }).connect({ ...context, fetch: mortal })
    return {
      connection,
      cut: () => wire.close(),
      restore: () => wire.listen(),
      kill: async () => alive.abort(new Error('killed')),
    }
  }

  async wire(device: string): Promise<Proxy> {
    const known = this.#wires.get(device)
    if (known !== undefined) return known
    const wire = await Proxy.open(() => this.#host.port)
    this.#wires.set(device, wire)
    return wire
  }

  async close(): Promise<void> {
    for (const wire of this.#wires.values()) await wire.close()
    this.#wires.clear()
  }
}
