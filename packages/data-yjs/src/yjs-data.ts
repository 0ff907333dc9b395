import type { Doc } from 'yjs'
import type { AuthReason, Credentials, DataProvider, Logger } from '@bse/core/provider'
import { openConnection } from './connection.ts'
import type { YjsSync } from './sync.ts'

/** What the engine lends to the function that opens the sync. */
export interface YjsSyncContext {
  /**
   * Fresh credentials of the engine's principal. With `expired`, name the object that the server refused: when newer ones are there by then,
   * they are the answer, and nobody is asked twice.
   */
  auth(reason: AuthReason, refused?: Credentials): Promise<Credentials>
  readonly logger: Logger
}

export interface YjsDataOptions {
  /** Rows live in root maps of this document, one for each table; the rest of it is the app's. */
  readonly doc: Doc
  /**
   * What carries the document to a server. A function is called in the leading tab only, after the document was filled from
   * this device's storage, and what it returns is closed with the connection. A ready-made one stays the app's to close.
   * Without it the rows stay on this device and no mutation is ever confirmed.
   */
  readonly sync?: YjsSync | ((context: YjsSyncContext) => YjsSync)
  /** Before each table's name, to keep them apart from the app's own root types. Default `bse:`. */
  readonly prefix?: string
}

/** Keeps rows in a `Y.Doc`. Concurrent writes merge column by column. */
export function yjsData({ doc, sync, prefix = 'bse:' }: YjsDataOptions): DataProvider {
  return {
    name: 'yjs',
    capabilities: { conflicts: 'merged', acknowledges: 'replica', startsWith: 'snapshot' },
    connect: (context) => openConnection({
      doc,
      prefix,
      ownsSync: typeof sync === 'function',
      openSync: () => (typeof sync === 'function' ? sync({ auth: (reason, refused) => context.auth(reason, refused), logger: context.logger }) : sync),
    }, context),
  }
}
