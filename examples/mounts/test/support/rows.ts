import { HocuspocusProvider } from '@hocuspocus/provider'
import { Doc } from 'yjs'
import type { DataProvider } from '@bse/core/provider'
import { electricData } from '@bse/data-electric'
import { hocuspocusSync, yjsData } from '@bse/data-yjs'
import { createMutationHandler } from '@bse/server/mutations'
import { createShapeHandler, openPglite } from '@bse/server/shapes'
import type { ServerOptions } from '@bse/server/node'

/** What a server needs to serve rows by Electric's protocol, over a database in memory; rows over Yjs it serves anyway. */
export async function embeddedRows(): Promise<Pick<ServerOptions, 'shapes' | 'mutations'>> {
  const database = await openPglite(undefined)
  await database.query('create table photos (id uuid primary key, title text not null, image jsonb not null, audio jsonb)')
  const mutations = await createMutationHandler({ database })
  return { shapes: await createShapeHandler({ database }), mutations: async () => mutations }
}

/** The ways in which rows travel, each opened anew for each device. */
export const rowsBy: Readonly<Record<'Yjs' | 'Electric', (url: string, room: string) => DataProvider>> = {
  Yjs: (url, room) => {
    const doc = new Doc()
    return yjsData({ doc, sync: () => hocuspocusSync(new HocuspocusProvider({ url: `${url.replace('http', 'ws')}/sync`, name: room, document: doc })) })
  },
  Electric: (url) => electricData({ url }),
}
