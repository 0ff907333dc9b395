import { HocuspocusProvider, HocuspocusProviderWebsocket } from '@hocuspocus/provider'
import type { Doc } from 'yjs'

export interface ClientOptions {
  readonly port: number
  readonly doc: Doc
  readonly name?: string
  readonly token?: string
  readonly flushDelay?: number
  /** How long the socket may be silent. */
  readonly silentMs?: number
}

/** A provider that tries again within milliseconds, so that a restored network is noticed at once. */
export function hocuspocusClient({ port, doc, name = 'rows', token = '', flushDelay, silentMs }: ClientOptions): HocuspocusProvider {
  const websocketProvider = new HocuspocusProviderWebsocket({ url: `ws://127.0.0.1:${port}/sync`, delay: 20, minDelay: 10, maxDelay: 50, ...(silentMs === undefined ? {} : { messageReconnectTimeout: silentMs }) })
  const provider = new HocuspocusProvider({ websocketProvider, name, document: doc, token, flushDelay: flushDelay ?? false })
  provider.attach()
  const destroySocket = (): void => {
    // The socket tells the provider of its end, which tells us again.
    provider.off('destroy', destroySocket)
    websocketProvider.destroy()
  }
  provider.on('destroy', destroySocket)
  return provider
}
