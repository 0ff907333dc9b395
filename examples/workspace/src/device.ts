import { httpBlobs } from '@bse/blob-http'
import { fsCache } from '@bse/cache-fs'
import type { Environment, SchemaDefinition, Workspace, WorkspaceClient } from '@bse/core'
import { hocuspocusSync, yjsData, yjsPresence } from '@bse/data-yjs'
import { sqliteState } from '@bse/state-sqlite'
import { HocuspocusProvider } from '@hocuspocus/provider'
import { Awareness } from 'y-protocols/awareness'
import { Doc } from 'yjs'

export interface DeviceOptions {
  /** One engine of a name in a process. */
  readonly name: string
  /** Of a `bse-server`, for example `http://127.0.0.1:8787`: rows are exchanged there, and who has which blobs. */
  readonly server: string
  /** Other servers that are to have every blob. */
  readonly mirrors?: readonly string[]
  /** What this device keeps: records in SQLite, blobs as files. */
  readonly directory: string
  readonly environment?: Environment
}

/** A device that is a Node process; in a browser only `cache` and `state` are others. */
export function openDevice<S extends SchemaDefinition>(workspace: Workspace<S>, options: DeviceOptions): WorkspaceClient<S> {
  const { name, server, mirrors = [], directory, environment } = options
  const document = new Doc()
  const awareness = new Awareness(document)
  const open = (): HocuspocusProvider => new HocuspocusProvider({ url: `${server.replace('http', 'ws')}/sync`, name: 'workspace', document, awareness })
  return workspace.connect({
    name,
    data: yjsData({ doc: document, sync: () => hocuspocusSync(open()) }),
    blobs: { primary: blobsOf(server), mirrors: mirrors.map(blobsOf) },
    peers: { presence: yjsPresence({ awareness }) },
    cache: { backend: fsCache({ directory }) },
    state: sqliteState({ directory }),
    ...(environment === undefined ? {} : { environment }),
  })
}

function blobsOf(server: string): ReturnType<typeof httpBlobs> {
  return httpBlobs({ url: `${server}/blobs` })
}
