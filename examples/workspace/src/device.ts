import { httpBlobs } from '@bse/blob-http'
import { fsCache } from '@bse/cache-fs'
import type { SchemaDefinition, Workspace, WorkspaceClient } from '@bse/core'
import { hocuspocusSync, yjsData } from '@bse/data-yjs'
import { sqliteState } from '@bse/state-sqlite'
import { HocuspocusProvider } from '@hocuspocus/provider'
import { Doc } from 'yjs'

export interface DeviceOptions {
  /** One engine of a name in a process. */
  readonly name: string
  /** Of a `bse-server`, for example `http://127.0.0.1:8787`. */
  readonly server: string
  /** What this device keeps: records in SQLite, blobs as files. */
  readonly directory: string
}

/** A device that is a Node process; in a browser only `cache` and `state` are others. */
export function openDevice<S extends SchemaDefinition>(workspace: Workspace<S>, { name, server, directory }: DeviceOptions): WorkspaceClient<S> {
  const doc = new Doc()
  return workspace.connect({
    name,
    data: yjsData({ doc, sync: () => hocuspocusSync(new HocuspocusProvider({ url: `${server.replace('http', 'ws')}/sync`, name: 'workspace', document: doc })) }),
    blobs: httpBlobs({ url: `${server}/blobs` }),
    cache: { backend: fsCache({ directory }) },
    state: sqliteState({ directory }),
  })
}
