import { HocuspocusProvider, HocuspocusProviderWebsocket } from '@hocuspocus/provider'
import { Doc, Item } from 'yjs'

/** What the server's document says, to anybody who asks for all of it. */
export interface ServerRows {
  /** Ids of the rows of a table, once for each time that a row was made. */
  readonly made: (table: string) => readonly string[]
  /** Keys that were written more than once: a row's, or a row's and a column's. */
  readonly rewritten: readonly string[]
}

/** The document of the demo's default room, fetched as any other device fetches it. docs/spec/data-yjs.md has its layout. */
export async function serverRows(serverUrl: string): Promise<ServerRows> {
  const document = new Doc()
  const websocketProvider = new HocuspocusProviderWebsocket({ url: `${serverUrl.replace('http', 'ws')}/sync` })
  const provider = new HocuspocusProvider({ websocketProvider, name: 'family', document })
  try {
    const synced = new Promise<void>((resolve) => provider.on('synced', () => resolve()))
    provider.attach()
    await synced
    const written = writtenKeys(document)
    return { made: (table) => madeRows(written, table), rewritten: written.filter((key, at) => written.indexOf(key) !== at) }
  } finally {
    provider.destroy()
    websocketProvider.destroy()
  }
}

/** `root key` of all writes that ever happened: one that was overwritten leaves its place behind in a Yjs document. */
function writtenKeys(document: Doc): readonly string[] {
  const rootOf = new Map<unknown, string>([...document.share].map(([name, type]) => [type, name]))
  const structs = [...document.store.clients.values()].flat()
  return structs.flatMap((struct) => (struct instanceof Item ? [`${rootOf.get(struct.parent)} ${struct.parentSub}`] : []))
}

function madeRows(written: readonly string[], table: string): readonly string[] {
  const start = `bse:${table} `
  return written.filter((key) => key.startsWith(start) && !key.includes('\0')).map((key) => key.slice(start.length)).sort()
}
