import { Shape, ShapeStream, type ShapeStreamOptions } from '@electric-sql/client'
import { expect, onTestFinished } from 'vitest'
import type { ShapeServer } from './shape-server.ts'

export interface Followed {
  /** Sorted by id. */
  rows(): readonly Record<string, unknown>[]
  handle(): string | undefined
  upToDate(): Promise<void>
  hasRows(expected: readonly Record<string, unknown>[]): Promise<void>
  stop(): void
}

/** A shape followed by Electric's own client, until the test ends. */
export function followed(server: { readonly url: string }, params: NonNullable<ShapeStreamOptions['params']>, mode: 'polling' | 'events', headers: Readonly<Record<string, string>> = {}): Followed {
  const controller = new AbortController()
  const stream = new ShapeStream({
    url: server.url,
    params,
    headers: { ...headers },
    liveSse: mode === 'events',
    signal: controller.signal,
    backoffOptions: { initialDelay: 5, maxDelay: 50, multiplier: 1.2 },
    // Answers that a restart cuts off are asked for again.
    onError: () => ({}),
  })
  // Its own types leave `undefined` out.
  const shape = new Shape(stream as ConstructorParameters<typeof Shape>[0])
  const stop = (): void => controller.abort()
  onTestFinished(stop)
  const rows = (): readonly Record<string, unknown>[] => shape.currentRows.toSorted((a, b) => Number(a['id']) - Number(b['id']))
  return {
    rows,
    handle: () => stream.shapeHandle,
    upToDate: async () => {
      await shape.rows
    },
    hasRows: async (expected) => {
      await expect.poll(rows, { timeout: 60_000 }).toEqual(expected)
      stop()
    },
    stop,
  }
}

/** What `select` says, as the client's parser would give it. */
export async function rowsInDatabase(server: ShapeServer, columns: string, where: string): Promise<readonly Record<string, unknown>[]> {
  const database = await server.backend.database()
  const rows = await database.query(`select coalesce(json_agg(row_to_json(x) order by x.id), '[]')::text as rows from (select ${columns} from things where ${where}) x`)
  await database.close()
  return JSON.parse(rows[0]?.['rows'] ?? '[]') as Record<string, unknown>[]
}
