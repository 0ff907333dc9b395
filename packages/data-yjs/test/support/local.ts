import * as Y from 'yjs'
import type { DataConnection, LogFields, Logger } from '@bse/core/provider'
import { dataSuiteTables, dataTestContext, TestDataStorage } from '@bse/core/testing'
import type { MutationOp, MutationWire, RowWire } from '@bse/core/wire'
import { yjsData, type YjsDataOptions } from '../../src/index.ts'

/** A document on one device, without a network unless `sync` is given. */
export class LocalReplica {
  readonly doc: Y.Doc
  readonly storage: TestDataStorage
  readonly connection: DataConnection
  readonly warnings: LogFields[]

  private constructor(doc: Y.Doc, storage: TestDataStorage, connection: DataConnection, warnings: LogFields[]) {
    this.doc = doc
    this.storage = storage
    this.connection = connection
    this.warnings = warnings
  }

  static async open(storage: TestDataStorage = new TestDataStorage(), options: Partial<YjsDataOptions> = {}): Promise<LocalReplica> {
    const { doc = new Y.Doc(), ...rest } = options
    const warnings: LogFields[] = []
    const note = (_message: string, fields: LogFields = {}): void => void warnings.push(fields)
    const logger: Logger = { debug: note, info: note, warn: note, error: note }
    const connection = await yjsData({ doc, ...rest }).connect(dataTestContext(storage, dataSuiteTables, logger))
    return new LocalReplica(doc, storage, connection, warnings)
  }

  async push(...mutations: readonly MutationWire[]): Promise<readonly string[]> {
    const outcomes = await this.connection.push(mutations, { signal: new AbortController().signal })
    return outcomes.map((outcome) => (outcome.is === 'rejected' ? outcome.code : outcome.is))
  }

  /** What a new session opens with. */
  async rows(table = 'photos'): Promise<Record<string, RowWire>> {
    const rows: [string, RowWire][] = []
    const stop = new AbortController()
    for await (const batch of this.connection.changes({ cursor: undefined, awaiting: () => new Map(), signal: stop.signal })) {
      for (const change of batch.changes) if (change.kind === 'put' && change.table === table) rows.push([change.rowId, change.row])
      if (batch.replace?.table === 'albums' && batch.replace.phase === 'end') stop.abort()
    }
    return Object.fromEntries(rows)
  }

  get map(): Y.Map<unknown> {
    return this.doc.getMap('bse:photos')
  }
}

let count = 0

export function mutation(...ops: readonly MutationOp[]): MutationWire {
  count += 1
  return { id: `018f3a5c-7c1e-7d43-9d5b-${String(count).padStart(12, '0')}`, ops }
}

export function op(kind: MutationOp['kind'], rowId: string, values: RowWire = {}): MutationOp {
  return { kind, table: 'photos', rowId, values, previous: null }
}

/** Both directions, as a network would in the end. */
export function exchange(a: Y.Doc, b: Y.Doc): void {
  Y.applyUpdate(a, Y.encodeStateAsUpdate(b))
  Y.applyUpdate(b, Y.encodeStateAsUpdate(a))
}
