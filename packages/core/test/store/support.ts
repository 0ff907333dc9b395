import { parseSchema, type Schema, type Table } from '../../src/schema/index.ts'
import { createQuery, createRowStore, type OverlayLayer, type Query, type RowStore, type StoreChange } from '../../src/store/index.ts'
import type { BlobRef } from '../../src/wire/blob-ref.ts'
import type { Json } from '../../src/wire/json.ts'
import type { RowWire } from '../../src/wire/mutation-wire.ts'
import { existing } from '../schema/support.ts'

export const schema: Schema = parseSchema({
  photos: {
    id: 'string',
    title: 'string',
    familyId: { type: 'ref', table: 'families' },
    takenAt: { type: 'datetime', optional: true },
    stars: { type: 'number', optional: true },
    hidden: { type: 'boolean', default: false },
    image: { type: 'blob', optional: true },
    cover: { type: 'blob', optional: true },
    tags: { type: 'json', optional: true },
  },
  families: { id: 'string', name: 'string' },
})

export interface Photo {
  readonly id: string
  readonly title: string
  readonly familyId: string
  readonly takenAt: Date | null
  readonly stars: number | null
  readonly hidden: boolean
  readonly image: BlobRef | null
  readonly cover: BlobRef | null
  readonly tags: NonNullable<Json> | null
}

export const photosTable: Table = existing(schema, 'photos')

export const photos = (): Query<Photo> => createQuery<Photo>(photosTable)

export const photo = (id: string, more: RowWire = {}): RowWire => ({ id, title: `Photo ${id}`, familyId: 'smiths', ...more })

export const base = (rowId: string, row: RowWire | undefined): StoreChange => ({ is: 'base', table: 'photos', rowId, row })

export const put = (id: string, more: RowWire = {}): StoreChange => base(id, photo(id, more))

export const layer = (kind: OverlayLayer['kind'], values: RowWire = {}): OverlayLayer => ({ kind, values, provisional: false })

export const overlay = (rowId: string, ...layers: readonly OverlayLayer[]): StoreChange => ({ is: 'overlay', table: 'photos', rowId, layers })

export function storeOf(...changes: readonly StoreChange[]): RowStore {
  const store = createRowStore(schema)
  store.apply(changes)
  return store
}

export const idsOf = (rows: readonly { readonly id: string }[]): string => rows.map(({ id }) => id).join(' ')
