import { platformEnvironment, type Environment } from '@bse/core'
import type { BlobProvider } from '@bse/core/provider'
import type { YjsSync } from '@bse/data-yjs'
import { hocuspocusSync } from '@bse/data-yjs'
import { HocuspocusProvider, HocuspocusProviderWebsocket } from '@hocuspocus/provider'
import type { Doc } from 'yjs'
import type { NetworkSwitch } from './network-switch.ts'

/** The platform with a plug that can be pulled: `fetch` ends and the engine hears that there is no network. */
export function switchedEnvironment(network: NetworkSwitch): Environment {
  const platform = platformEnvironment()
  const online = (): boolean => network.online && platform.connectivity.online
  return {
    ...platform,
    connectivity: {
      get online() {
        return online()
      },
      subscribe: (listener) => {
        const tell = (): void => listener(online())
        const ends = [network.subscribe(tell), platform.connectivity.subscribe(tell)]
        return () => ends.forEach((end) => end())
      },
    },
    fetch: async (input, init) => platform.fetch(input, { ...init, signal: network.until(init?.signal) }),
  }
}

/** Uploads go out by XMLHttpRequest, which the environment's `fetch` does not reach: they end by their own signal. */
export function switchedBlobs(blobs: BlobProvider, network: NetworkSwitch): BlobProvider {
  return { ...blobs, upload: (task, io) => blobs.upload(task, { ...io, signal: network.until(io.signal) }) }
}

export interface RowsOptions {
  readonly room: string
  readonly doc: Doc
  readonly network: NetworkSwitch
}

/** Soon enough for somebody who watches the page; a busy server would be given more time. */
const RECONNECT_MAX_MS = 5_000

/** The WebSocket that carries the rows, opened and closed by the switch. */
export function switchedRows({ room, doc, network }: RowsOptions): YjsSync {
  const url = new URL('/sync', location.href)
  url.protocol = url.protocol.replace('http', 'ws')
  const websocketProvider = new HocuspocusProviderWebsocket({ url: url.href, autoConnect: network.online, maxDelay: RECONNECT_MAX_MS })
  const provider = new HocuspocusProvider({ websocketProvider, name: room, document: doc })
  provider.attach()
  const sync = hocuspocusSync(provider)
  const end = network.subscribe(() => {
    if (network.online) void websocketProvider.connect()
    else websocketProvider.disconnect()
  })
  return {
    get state() {
      return sync.state
    },
    subscribe: (listener) => sync.subscribe(listener),
    close: async () => {
      end()
      await sync.close()
      websocketProvider.destroy()
    },
  }
}
