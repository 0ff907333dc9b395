import { vi } from 'vitest'
import type { Logger } from '../../src/provider/index.ts'
import { parseSchema, type RowOf } from '../../src/schema/index.ts'
import { createQuery, createRowStore, type Query, type RowStore } from '../../src/store/index.ts'
import { createSubscriptions, type Subscriptions } from '../../src/subscription/index.ts'
import type { BlobHash, RowWire } from '../../src/wire/index.ts'
import { FakeAccess } from './fake-access.ts'
import { ManualClock } from './manual-clock.ts'

const definition = {
  photos: { id: 'string', title: 'string', image: { type: 'blob' }, audio: { type: 'blob', optional: true } },
} as const

export type Photo = RowOf<typeof definition, 'photos'>

export type PhotoWire = RowWire & { readonly id: string }

export interface Album {
  readonly store: RowStore
  readonly access: FakeAccess
  readonly clock: ManualClock
  readonly warned: ReturnType<typeof vi.fn>
  readonly failed: ReturnType<typeof vi.fn>
  readonly subscriptions: Subscriptions
  readonly photos: Query<Photo>
  put(...rows: readonly PhotoWire[]): void
  remove(id: string): void
}

/** The real row store and subscriptions over bytes and a clock of the test. */
export function openAlbum({ isReady = true }: { readonly isReady?: boolean } = {}): Album {
  const schema = parseSchema(definition)
  const store = createRowStore(schema)
  if (isReady) store.markReady()
  const access = new FakeAccess()
  const clock = new ManualClock()
  const warned = vi.fn()
  const failed = vi.fn()
  const none = (): void => undefined
  const logger: Logger = { debug: none, info: none, warn: warned, error: failed }
  const table = schema.tables.get('photos')
  if (table === undefined) throw new Error('no table')
  return {
    store,
    access,
    clock,
    warned,
    failed,
    subscriptions: createSubscriptions({ store, access, clock, logger }),
    photos: createQuery<Photo>(table),
    put: (...rows) => store.apply(rows.map((row) => ({ is: 'base', table: 'photos', rowId: row.id, row }))),
    remove: (id) => store.apply([{ is: 'base', table: 'photos', rowId: id, row: undefined }]),
  }
}

/** The hash that a test names by a number. */
export function hashOf(n: number): BlobHash {
  return `sha256:${n.toString(16).padStart(64, '0')}`
}

export function photo(id: string, image: string, more: { readonly title?: string; readonly audio?: string; readonly type?: string } = {}): PhotoWire {
  const { title = id, audio, type = 'image/png' } = more
  return {
    id,
    title,
    image: { hash: image, sizeBytes: 3, type },
    audio: audio === undefined ? null : { hash: audio, sizeBytes: 3, type: 'audio/mpeg' },
  }
}
