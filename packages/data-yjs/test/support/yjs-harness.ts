import * as Y from 'yjs'
import type { DataContext } from '@bse/core/provider'
import type { DataHarness, OpenedData } from '@bse/core/testing'
import { hocuspocusSync, yjsData } from '../../src/index.ts'
import { CuttableProxy } from './cuttable-proxy.ts'
import { hocuspocusClient, type ClientOptions } from './hocuspocus-client.ts'
import { RowsHost } from './rows-host.ts'

export interface YjsOpened extends OpenedData {
  readonly doc: Y.Doc
}

/** Devices of one rows server, each behind a proxy of its own that stays cut over restarts until it is restored. */
export class YjsHarness implements DataHarness {
  readonly host: RowsHost
  readonly #client: Pick<ClientOptions, 'flushDelay' | 'token'>
  /** A device that comes back has the network that it had. */
  readonly #networks = new Map<string, CuttableProxy>()

  private constructor(host: RowsHost, client: Pick<ClientOptions, 'flushDelay' | 'token'>) {
    this.host = host
    this.#client = client
  }

  static async open(client: Pick<ClientOptions, 'flushDelay' | 'token'> = {}, host?: RowsHost): Promise<YjsHarness> {
    return new YjsHarness(host ?? (await RowsHost.open()), client)
  }

  async open(context: DataContext, device: string): Promise<YjsOpened> {
    const proxy = await this.#network(device)
    const doc = new Y.Doc()
    const clients: { destroy(): void }[] = []
    const provider = yjsData({
      doc,
      sync: () => {
        const client = hocuspocusClient({ port: proxy.port, doc, ...this.#client })
        clients.push(client)
        return hocuspocusSync(client)
      },
    })
    const connection = await provider.connect(context)
    return {
      connection,
      doc,
      cut: async () => proxy.cut(),
      restore: async () => proxy.restore(),
      kill: async () => {
        for (const client of clients) client.destroy()
      },
    }
  }

  async close(): Promise<void> {
    for (const proxy of this.#networks.values()) await proxy.close()
    await this.host.erase()
  }

  async #network(device: string): Promise<CuttableProxy> {
    const known = this.#networks.get(device)
    if (known !== undefined) return known
    const proxy = await CuttableProxy.open(this.host.port)
    this.#networks.set(device, proxy)
    return proxy
  }
}
