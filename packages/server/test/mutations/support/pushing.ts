import type { MutationAnswer, MutationOp, MutationOutcome, RowWire } from '@bse/core/wire'
import { createMutationHandler, type MutationHandler, type MutationHandlerOptions } from '../../../src/mutations/index.ts'
import type { TestDatabase } from './databases.ts'

export const PHOTOS = `
create table albums (id text primary key, name text not null);
create table photos (
  id text primary key, title text not null, caption text, position int, rating float8, is_public bool, taken_at timestamptz, meta jsonb, image jsonb,
  tags text[], album_id text references albums on delete cascade
);`

export const schema = {
  albums: { id: 'string', name: 'string' },
  photos: {
    id: 'string', title: 'string', caption: { type: 'string', optional: true }, position: { type: 'integer', optional: true }, rating: 'number',
    public: { type: 'boolean', column: 'is_public' }, takenAt: 'datetime', meta: 'json', image: { type: 'blob', maxSize: '10MB' }, tags: 'json',
    albumId: { type: 'ref', table: 'albums' },
  },
} as const

type SendInit = Omit<RequestInit, 'headers'> & { readonly headers?: Readonly<Record<string, string>> }

export interface Pusher {
  readonly handler: MutationHandler
  send(body: unknown, init?: SendInit): Promise<Response>
  push(...mutations: readonly (readonly MutationOp[])[]): Promise<readonly MutationOutcome[]>
  pushAs(id: string, ...ops: readonly MutationOp[]): Promise<MutationOutcome>
  one(...ops: readonly MutationOp[]): Promise<MutationOutcome>
}

/** A handler, and requests to it as a program on this machine sends them. */
export async function pusher({ database }: Pick<TestDatabase, 'database'>, options: Partial<MutationHandlerOptions> = {}): Promise<Pusher> {
  const handler = await createMutationHandler({ database, schema, casing: 'snake', ...options })
  const send = (body: unknown, init: SendInit = {}): Promise<Response> => {
    const request = new Request('http://127.0.0.1/mutations', { method: 'POST', body: JSON.stringify(body), ...init, headers: { 'content-type': 'application/json', ...init.headers } })
    return handler(request, { remoteAddress: '127.0.0.1' })
  }
  const results = async (mutations: readonly { readonly id: string; readonly ops: readonly MutationOp[] }[]): Promise<readonly MutationOutcome[]> => {
    const response = await send({ mutations })
    const text = await response.text()
    if (response.status !== 200) throw new Error(`${response.status} ${text}`)
    return (JSON.parse(text) as MutationAnswer).results
  }
  const first = async (id: string, ops: readonly MutationOp[]): Promise<MutationOutcome> => (await results([{ id, ops }]))[0] as MutationOutcome
  return {
    handler,
    send,
    push: (...mutations) => results(mutations.map((ops) => ({ id: newId(), ops }))),
    pushAs: (id, ...ops) => first(id, ops),
    one: (...ops) => first(newId(), ops),
  }
}

/** A UUIDv7 of this moment, or of another. */
export function newId(timeMs: number = Date.now()): string {
  const time = timeMs.toString(16).padStart(12, '0')
  return `${time.slice(0, 8)}-${time.slice(8)}-7${crypto.randomUUID().slice(15)}`
}

export function insert(rowId: string, values: RowWire, table = 'photos'): MutationOp {
  return { kind: 'insert', table, rowId, values, previous: null }
}

export function update(rowId: string, values: RowWire, previous: RowWire | null): MutationOp {
  return { kind: 'update', table: 'photos', rowId, values, previous }
}

export function upsert(rowId: string, values: RowWire, previous: RowWire | null): MutationOp {
  return { kind: 'upsert', table: 'photos', rowId, values, previous }
}

export function remove(rowId: string, previous: RowWire | null = null): MutationOp {
  return { kind: 'delete', table: 'photos', rowId, values: {}, previous }
}
