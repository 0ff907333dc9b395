import { globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { startPostgres, type RunningPostgres } from '../../../../scripts/services/postgres.ts'
import { createShapeHandler } from '../../src/shapes/index.ts'
import { postgresBackend } from './replay/backend.ts'
import { converse } from './replay/conversation.ts'
import type { Recording } from './replay/recording.ts'
import { backends, shapeServer } from './support/shape-server.ts'

let postgres: RunningPostgres
beforeAll(async () => {
  postgres = await startPostgres()
}, 120_000)
afterAll(() => postgres.stop())

const folder = join(import.meta.dirname, 'vectors')
const vectors = globSync('*.json', { cwd: folder }).map((file) => JSON.parse(readFileSync(join(folder, file), 'utf8')) as Recording)
const NOTES = `create table notes (id int4 primary key, owner text, body text); insert into notes values (1, 'ann', 'a'), (2, 'bob', 'b'), (3, 'ann', 'c')`

type Body = readonly { readonly value?: Record<string, string>; readonly headers: Record<string, unknown> }[]

async function rowsOf(response: Response): Promise<readonly unknown[]> {
  return ((await response.json()) as Body).flatMap(({ value }) => (value === undefined ? [] : [value]))
}

describe.each(backends(() => postgres.url))('the shape endpoint on %s', (_, open) => {
  it.each(vectors.map((vector) => [vector.name, vector] as const))('has the conversation %s', async (_name, vector) => {
    const results = await converse(vector, await open())
    expect(results.filter(({ differences }) => differences.length > 0)).toEqual([])
    expect(results.length).toBe(vector.steps.length)
  }, 120_000)

  it('adds the condition of a principal to whatever is asked', async () => {
    const server = await shapeServer(open, NOTES, {
      authorize: (request) => {
        const user = request.headers.get('authorization')
        return user === null ? { refuse: 'unauthorized' } : { allow: true, where: 'owner = $1', params: [user], columns: ['id', 'body'] }
      },
    })
    const as = (user: string, query: string): Promise<Response> => fetch(`${server.url}?${query}`, { headers: { authorization: user } })
    expect((await fetch(`${server.url}?table=notes&offset=-1`)).status).toBe(401)
    const anns = await as('ann', 'table=notes&offset=-1')
    expect(anns.headers.get('cache-control')).toMatch(/^private/)
    expect(anns.headers.get('vary')).toContain('authorization')
    expect(await rowsOf(anns)).toEqual([{ id: '1', body: 'a' }, { id: '3', body: 'c' }])
    expect(await rowsOf(await as('bob', `table=notes&offset=-1&where=${encodeURIComponent('id > 1 or true')}`))).toEqual([{ id: '2', body: 'b' }])
    // Neither the columns of others nor their handles are of use.
    expect(await (await as('bob', `table=notes&offset=-1&where=${encodeURIComponent("owner = 'ann'")}`)).json()).toMatchObject({ errors: { where: ['At location 0: unknown reference owner'] } })
    const foreign = await as('bob', `table=notes&offset=0_0&handle=${anns.headers.get('electric-handle') ?? ''}`)
    expect([foreign.status, await foreign.json()]).toEqual([409, [{ headers: { control: 'must-refetch' } }]])
  }, 120_000)

  it('serves this machine alone without authorize, and no page of another origin', async () => {
    const server = await shapeServer(open, NOTES)
    const ask = (context: { remoteAddress?: string }, host = '127.0.0.1'): Promise<Response> => server.handler()(new Request(`http://${host}/v1/shape?table=notes&offset=-1`, { headers: { origin: 'https://elsewhere.example' } }), context)
    expect((await ask({ remoteAddress: '10.0.0.7' })).status).toBe(403)
    expect((await ask({ remoteAddress: '127.0.0.1' }, 'rebound.example')).status).toBe(403)
    const local = await ask({ remoteAddress: '127.0.0.1' })
    expect([local.status, local.headers.get('access-control-allow-origin')]).toEqual([200, null])
  }, 120_000)

  it('gives up the shape that was unused longest, and refuses one that is too large', async () => {
    const server = await shapeServer(open, NOTES, { limits: { maxShapes: 2, maxRows: 2 } })
    const ask = async (where: string): Promise<Response> => fetch(`${server.url}?table=notes&offset=-1&where=${encodeURIComponent(where)}`)
    expect((await ask('true')).status).toBe(400)
    const first = (await ask('id = 1')).headers.get('electric-handle')
    await ask('id = 2')
    await ask('id = 3')
    expect((await ask('id = 1')).headers.get('electric-handle')).not.toBe(first)
  }, 120_000)

  it('keeps handles and places over a restart, also of a log that was compacted', async () => {
    const server = await shapeServer(open, NOTES, { limits: { maxLogBytes: 6_000 } })
    const initial = await fetch(`${server.url}?table=notes&offset=-1`)
    const handle = initial.headers.get('electric-handle') ?? ''
    const follow = async (): Promise<Response> => fetch(`${server.url}?table=notes&offset=0_0&handle=${handle}`)
    for (let count = 1; count <= 60; count++) await server.backend.run(`update notes set body = 'version ${count}' where id = 1`)
    await expect.poll(async () => JSON.stringify(await rowsOf(await follow())), { timeout: 60_000 }).toContain('version 60')
    expect((await rowsOf(await follow())).length).toBeLessThan(60)
    const place = (await follow()).headers.get('electric-offset')
    await server.restart()
    // A connection that is kept open by `fetch` may have been cut by the restart.
    const after = await follow().catch(() => follow())
    expect([after.status, after.headers.get('electric-handle'), after.headers.get('electric-offset')]).toEqual([200, handle, place])
  }, 120_000)

  it('answers a reader with all that was committed before the request', async () => {
    const server = await shapeServer(open, NOTES)
    const initial = await fetch(`${server.url}?table=notes&offset=-1`)
    const url = `${server.url}?table=notes&handle=${initial.headers.get('electric-handle') ?? ''}`
    // What was missed before a start is taken a moment later; from then on nothing is.
    await server.backend.run("insert into notes values (10, 'ann', 'first')")
    await expect.poll(async () => (await rowsOf(await fetch(`${url}&offset=0_0`))).length, { timeout: 60_000 }).toBe(1)
    for (let id = 11; id <= 30; id++) {
      await server.backend.run(`insert into notes values (${id}, 'ann', 'next')`)
      expect((await rowsOf(await fetch(`${url}&offset=0_0`))).at(-1)).toEqual({ id: String(id), owner: 'ann', body: 'next' })
    }
  }, 120_000)

  it('tells who follows a table that was replaced to begin anew, and serves the new one from then on', async () => {
    const server = await shapeServer(open, NOTES)
    const initial = await fetch(`${server.url}?table=notes&offset=-1`)
    const follow = (): Promise<Response> => fetch(`${server.url}?table=notes&offset=0_inf&handle=${initial.headers.get('electric-handle') ?? ''}`)
    await server.backend.run("drop table notes; create table notes (id int4 primary key, body text); insert into notes values (1, 'new')")
    await expect.poll(async () => (await follow()).status, { timeout: 60_000 }).toBe(409)
    const told = (await follow()).headers.get('electric-handle')
    const early = await fetch(`${server.url}?table=notes&offset=-1&handle=${told ?? ''}`)
    expect([early.status, early.headers.get('electric-handle'), early.headers.get('cache-control')]).toEqual([409, null, 'public, max-age=1, must-revalidate'])
    const anew = await fetch(`${server.url}?table=notes&offset=-1`)
    expect([anew.status, await rowsOf(anew)]).toEqual([200, [{ id: '1', body: 'new' }]])
    const after = await follow()
    expect([after.status, after.headers.get('electric-handle')]).toEqual([409, anew.headers.get('electric-handle')])
  }, 120_000)

  it('lets so many clients wait and tells the next when to come again', async () => {
    const server = await shapeServer(open, NOTES, { limits: { maxClients: 1 } })
    const handle = (await fetch(`${server.url}?table=notes&offset=-1`)).headers.get('electric-handle') ?? ''
    const live = (): Promise<Response> => fetch(`${server.url}?table=notes&offset=0_inf&live=true&handle=${handle}`)
    const two = [live(), live()]
    const refused = await Promise.race(two)
    expect([refused.status, await refused.json()]).toMatchObject([503, { code: 'concurrent_request_limit_exceeded' }])
    expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(0)
    await server.backend.run("insert into notes values (4, 'ann', 'd')")
    expect((await Promise.all(two)).map(({ status }) => status).toSorted()).toEqual([200, 503])
  }, 120_000)

  it('follows the other shapes when the condition of one fails on a row', async () => {
    const server = await shapeServer(open, 'create table numbers (id int4 primary key, n int4); insert into numbers values (1, 1)')
    const shape = async (where: string): Promise<string> => {
      const response = await fetch(`${server.url}?table=numbers&offset=-1&where=${encodeURIComponent(where)}`)
      return `${server.url}?table=numbers&where=${encodeURIComponent(where)}&handle=${response.headers.get('electric-handle') ?? ''}`
    }
    const [fragile, sound] = [await shape('10 / n > 1'), await shape('n >= 0')]
    await server.backend.run('insert into numbers values (2, 0)')
    const caught = await fetch(`${sound}&offset=0_inf&live=true`)
    expect(await rowsOf(caught)).toEqual([{ id: '2', n: '0' }])
    expect((await fetch(`${fragile}&offset=0_inf`)).status).not.toBe(200)
  }, 120_000)

  it('ends what waits when it is closed, without a word of refetching', async () => {
    const server = await shapeServer(open, NOTES)
    const handle = (await fetch(`${server.url}?table=notes&offset=-1`)).headers.get('electric-handle') ?? ''
    const waiting = fetch(`${server.url}?table=notes&offset=0_inf&live=true&handle=${handle}`)
    const events = fetch(`${server.url}?table=notes&offset=0_inf&live=true&live_sse=true&handle=${handle}`)
    expect((await events).headers.get('content-type')).toBe('text/event-stream')
    await server.handler().close()
    expect([(await waiting).status, await (await events).text()]).toEqual([200, ''])
  }, 120_000)
})

describe('the shape endpoint on a server', () => {
  it('reads with a role that can read one table and nothing else', async () => {
    const server = await shapeServer(() => postgresBackend(postgres.url, `alone_${process.pid}_${Date.now()}`), `${NOTES}; create table secrets (id int4 primary key)`)
    await fetch(`${server.url}?table=notes&offset=-1`)
    const database = await server.backend.database()
    const rights = await database.query(
      `select string_agg(c.relname, ',')::text as tables from pg_roles r, pg_class c where r.rolname = 'bse_shapes_' || (select oid from pg_database where datname = current_database()) || '_' || 'notes'::regclass::oid
       and c.relkind = 'r' and c.relnamespace in ('public'::regnamespace, 'bse_shapes'::regnamespace) and has_table_privilege(r.oid, c.oid, 'select')`,
    )
    await database.close()
    expect(rights).toEqual([{ tables: 'notes' }])
  }, 120_000)

  it('is followed by one process only', async () => {
    const server = await shapeServer(() => postgresBackend(postgres.url, `alone_${process.pid}_${Date.now()}`), NOTES)
    const database = await server.backend.database()
    await expect(createShapeHandler({ database })).rejects.toThrow('another server follows this database')
    await database.close()
  }, 120_000)
})
