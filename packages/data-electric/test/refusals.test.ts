import { describe, expect, it } from 'vitest'
import type { ChangeBatch, DataConnection } from '@bse/core/provider'
import { dataSuiteTables, dataTestContext, TestDataStorage } from '@bse/core/testing'
import type { MutationRequest, MutationWire } from '@bse/core/wire'
import { electricData } from '../src/index.ts'

type Answer = (request: Request) => Response | Promise<Response>

const SCHEMA = JSON.stringify({ id: { type: 'text', pk_index: 0 } })

/** What a service without rows says; then it is silent. */
async function empty(request: Request): Promise<Response> {
  const query = new URL(request.url).searchParams
  if (query.get('live') === 'true') return new Promise((_resolve, reject) => request.signal.addEventListener('abort', () => reject(request.signal.reason)))
  const headers = { 'electric-handle': '1-1', 'electric-offset': query.get('offset') === '-1' ? '0_0' : '0_inf', 'electric-schema': SCHEMA, 'content-type': 'application/json' }
  const messages = query.get('offset') === '-1' ? [] : [{ headers: { control: 'up-to-date', global_last_seen_lsn: '1' } }]
  return new Response(JSON.stringify(messages), { headers })
}

async function connect(answer: Answer, auth: (reason: string) => string = () => 'first'): Promise<DataConnection> {
  const context = dataTestContext(new TestDataStorage(), dataSuiteTables)
  return electricData({ url: 'http://electric.example' }).connect({
    ...context,
    auth: async (reason) => ({ headers: { authorization: auth(reason) } }),
    fetch: async (input, init) => answer(new Request(input, init)),
  })
}

/** Batches of a session until it is up to date; rejects with what it fails with. */
async function session(connection: DataConnection): Promise<readonly ChangeBatch[]> {
  const batches: ChangeBatch[] = []
  for await (const batch of connection.changes({ cursor: undefined, awaiting: () => new Map(), signal: new AbortController().signal })) {
    batches.push(batch)
    if (batch.upToDate) break
  }
  return batches
}

const tableOf = (request: Request): string | null => new URL(request.url).searchParams.get('table')
const refusal = (status: number, headers: Record<string, string> = {}): Response => new Response('{}', { status, headers: { 'content-type': 'application/json', ...headers } })

describe('a stream', () => {
  it.each([
    [() => refusal(401), 'UNAUTHORIZED', {}],
    [() => refusal(403), 'FORBIDDEN', {}],
    [() => refusal(400), 'REJECTED', { status: 400 }],
    [() => refusal(404), 'REJECTED', { status: 404 }],
    [() => refusal(429, { 'retry-after': '7' }), 'RATE_LIMITED', { retryAfterMs: 7_000 }],
    [() => refusal(503, { 'retry-after': '2' }), 'RATE_LIMITED', { retryAfterMs: 2_000 }],
    [() => refusal(502), 'NETWORK', { status: 502 }],
    [() => new Response('<html>Welcome to our hotel</html>'), 'NETWORK', {}],
    [() => Promise.reject(new TypeError('fetch failed')), 'NETWORK', {}],
  ] as const)('ends with what the service or the network says: %s %s', async (answer, code, details) => {
    await expect(session(await connect(answer))).rejects.toMatchObject({ code, details })
  })

  it('goes on with fresh credentials when the old ones have ended', async () => {
    const reasons: string[] = []
    const connection = await connect((request) => (request.headers.get('authorization') === 'fresh' ? empty(request) : refusal(401)), (reason) => {
      reasons.push(reason)
      return reason === 'expired' ? 'fresh' : 'stale'
    })
    expect((await session(connection)).at(-1)?.upToDate).toBe(true)
    expect(reasons).toContain('expired')
  })

  it('tells once of a table that is refused, and goes on with the others', async () => {
    const connection = await connect((request) => (tableOf(request) === 'albums' ? refusal(403) : empty(request)))
    await expect(session(connection)).rejects.toMatchObject({ code: 'FORBIDDEN' })
    const batches = await session(connection)
    expect(batches.flatMap(({ replace }) => (replace === undefined ? [] : [replace.table]))).toEqual(['photos', 'photos'])
    expect(batches.at(-1)?.upToDate).toBe(true)
  })

  it('asks for no answer that a browser keeps, and at the path of the service', async () => {
    const seen = new Set<string>()
    await session(await connect((request) => {
      seen.add(`${request.cache} ${new URL(request.url).pathname}`)
      return empty(request)
    }))
    expect([...seen]).toEqual(['no-store /v1/shape'])
  })
})

describe('a push', () => {
  const mutations = Array.from({ length: 250 }, (_, n): MutationWire => ({
    id: `018f3a5c-7c1e-7d43-9d5b-${String(n).padStart(12, '0')}`, ops: [{ kind: 'delete', table: 'photos', rowId: `${n}`, values: {}, previous: null }],
  }))
  const options = { signal: new AbortController().signal }

  async function sent(request: Request): Promise<MutationRequest['mutations']> {
    return ((await request.json()) as MutationRequest).mutations
  }

  function applied(ids: readonly string[]): Response {
    return Response.json({ results: ids.map((id) => ({ id, is: 'applied', txid: 7, lsn: '8' })) })
  }

  it('goes in requests that the contract allows, and answers in order', async () => {
    const sizes: number[] = []
    const connection = await connect(async (request) => {
      const ids = (await sent(request)).map(({ id }) => id)
      sizes.push(ids.length)
      return applied(ids)
    })
    expect((await connection.push(mutations, options)).map(({ id }) => id)).toEqual(mutations.map(({ id }) => id))
    expect(sizes).toEqual([100, 100, 50])
  })

  it('is halved where it is too large, and a single one is rejected', async () => {
    const connection = await connect(async (request) => {
      const ids = (await sent(request)).map(({ id }) => id)
      return ids.length > 1 || ids[0] === mutations[2]?.id ? refusal(413) : applied(ids)
    })
    expect((await connection.push(mutations.slice(0, 4), options)).map(({ is }) => is)).toEqual(['applied', 'applied', 'rejected', 'applied'])
  })

  it('keeps what came before a failure and leaves the rest to another try', async () => {
    let requests = 0
    const connection = await connect(async (request) => ((requests += 1) === 1 ? applied((await sent(request)).map(({ id }) => id)) : refusal(503)))
    const outcomes = await connection.push(mutations, options)
    expect(outcomes.filter(({ is }) => is === 'applied')).toHaveLength(100)
    expect(outcomes.filter(({ is }) => is === 'retry')).toHaveLength(150)
  })

  it.each([
    [() => refusal(500), 'NETWORK'],
    [() => refusal(403), 'FORBIDDEN'],
    [() => Response.json({ results: [] }), 'NETWORK'],
    [() => new Response('<html>'), 'NETWORK'],
  ])('knows nothing when the first request fails: %s %s', async (answer, code) => {
    await expect((await connect(answer)).push(mutations, options)).rejects.toMatchObject({ code })
  })
})
