import type { PushOutcome, RowChange } from '../../src/provider/index.ts'
import type { MutationOp, MutationWire, RowWire } from '../../src/wire/mutation-wire.ts'
import type { SchemaDefinition, SchemaMigration } from '../../src/index.ts'

export const schema = {
  albums: { id: 'uuid', title: 'string' },
  photos: {
    id: 'uuid', title: 'string', note: { type: 'string', optional: true }, albumId: { type: 'ref', table: 'albums', optional: true },
    image: { type: 'blob' }, audio: { type: 'blob', optional: true },
  },
} as const

const { note, ...otherColumns } = schema.photos

/** What the app says after an update of it: a note is a remark. The server's words stay as they are. */
export const schemaAfterUpdate: SchemaDefinition = { ...schema, photos: { ...otherColumns, remark: note } }

export const MIGRATIONS: readonly SchemaMigration[] = [{ to: 2, tables: { photos: { rename: { note: 'remark' } } } }]

/** How one version of the app calls things, as an adapter of that version translates it. */
export class Dialect {
  readonly #isUpdated: boolean

  constructor(isUpdated: boolean) {
    this.#isUpdated = isUpdated
  }

  /** In the words of this version. */
  toApp<Values extends object>(values: Values): Values {
    return this.#isUpdated ? renamed(values, 'note', 'remark') : values
  }

  toServer<Values extends object>(values: Values): Values {
    return this.#isUpdated ? renamed(values, 'remark', 'note') : values
  }

  mutation({ id, ops }: MutationWire): MutationWire {
    return { id, ops: ops.map((op): MutationOp => ({ ...op, values: this.toServer(op.values), previous: op.previous === null ? null : this.toServer(op.previous) })) }
  }

  /** Whether a write is in words that this version does not know any more. */
  isOutdated({ ops }: MutationWire): boolean {
    return this.#isUpdated && ops.some(({ values }) => Object.hasOwn(values, 'note'))
  }

  change(change: RowChange): RowChange {
    switch (change.kind) {
      case 'put': return { ...change, row: this.toApp(change.row) }
      case 'patch': return { ...change, columns: this.toApp(change.columns) }
      case 'delete': return change
    }
  }

  outcome(outcome: PushOutcome): PushOutcome {
    return outcome.is === 'conflict' && outcome.current !== null ? { ...outcome, current: this.toApp<RowWire>(outcome.current) } : outcome
  }
}

function renamed<Values extends object>(values: Values, from: string, to: string): Values {
  // Names of columns only: the values keep their types.
  return Object.fromEntries(Object.entries(values).map(([column, value]) => [column === from ? to : column, value])) as Values
}
