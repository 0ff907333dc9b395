import { join } from 'node:path'
import { Client } from 'pg'
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest'
import { startPostgres, type RunningPostgres } from '../../../scripts/services/postgres.ts'
import { createTusHandler, directoryStorage, directoryUploads, postgresLocker, type LockConnection, type PostgresLocker } from '../src/node.ts'
import { randomBlob, temporaryDirectory } from './support/test-server.ts'
import { metadataOf, TUS } from './support/tus-client.ts'

let postgres: RunningPostgres
beforeAll(async () => {
  postgres = await startPostgres()
}, 60_000)
afterAll(() => postgres.stop())

const patient = new AbortController().signal

async function connected(): Promise<Client> {
  const client = new Client({ connectionString: postgres.url })
  await client.connect()
  return client
}

/** A locker as another server would have it: with a connection of its own. */
function server(options: { readonly timeoutMs?: number; readonly onConnect?: (client: Client) => void } = {}): PostgresLocker {
  const connect = async (): Promise<LockConnection> => {
    const client = await connected()
    options.onConnect?.(client)
    return client
  }
  const locker = postgresLocker({ connect, timeoutMs: options.timeoutMs ?? 10_000 })
  onTestFinished(() => locker.close())
  return locker
}

const never = (): void => undefined

describe('locks that several servers share', () => {
  it('let in one request of all servers at a time', async () => {
    const servers = [server(), server(), server()]
    let inside = 0
    let most = 0
    const request = async (locker: PostgresLocker): Promise<void> => {
      const lock = locker.newLock('a')
      await lock.lock(patient, never)
      inside += 1
      most = Math.max(most, inside)
      await new Promise((resolve) => setImmediate(resolve))
      inside -= 1
      await lock.unlock()
    }
    await Promise.all(Array.from({ length: 30 }, (_, index) => request(servers[index % 3] as PostgresLocker)))
    expect(most).toBe(1)
  })

  it('do not hold back other uploads', async () => {
    const [one, other] = [server().newLock('a'), server().newLock('b')]
    await one.lock(patient, never)
    await other.lock(patient, never)
    await Promise.all([one.unlock(), other.unlock()])
  })

  // F-41
  it('ask the holder on another server to stop', async () => {
    const holder = server().newLock('a')
    const asked = Promise.withResolvers<void>()
    await holder.lock(patient, () => asked.resolve())
    const waiter = server().newLock('a')
    const waiting = waiter.lock(patient, never)
    await asked.promise
    await holder.unlock()
    await waiting
    await waiter.unlock()
  })

  it('ask nobody who only waits', async () => {
    const holder = server().newLock('a')
    await holder.lock(patient, never)
    let asked = 0
    const waiters = [server({ timeoutMs: 700 }), server({ timeoutMs: 700 })].map((locker) => locker.newLock('a').lock(patient, () => void (asked += 1)))
    for (const waiting of waiters) await expect(waiting).rejects.toMatchObject({ details: { status: 423 } })
    expect(asked).toBe(0)
    await holder.unlock()
  })

  it('give up when the request does', async () => {
    const holder = server().newLock('a')
    await holder.lock(patient, never)
    const waiting = server().newLock('a').lock(AbortSignal.abort(), never)
    await expect(waiting).rejects.toMatchObject({ code: 'REJECTED' })
    await holder.unlock()
  })

  it('end with the connection of a server that died, and its requests are asked to stop', async () => {
    const lost = Promise.withResolvers<void>()
    let pid = 0
    const dying = server({ onConnect: (client) => void client.query('select pg_backend_pid() as pid').then(({ rows }) => (pid = (rows[0] as { pid: number }).pid)) })
    const holder = dying.newLock('a')
    await holder.lock(patient, () => lost.resolve())
    const admin = await connected()
    await admin.query('select pg_terminate_backend($1)', [pid])
    await admin.end()
    await lost.promise
    const next = server().newLock('a')
    await next.lock(patient, never)
    await next.unlock()
    await holder.unlock()
    // The server that lost its connection opens another one.
    const again = dying.newLock('a')
    await again.lock(patient, never)
    await again.unlock()
  })
})

describe('two servers with one directory of uploads', () => {
  it('take turns at an upload: the second one goes on when the first one still has the old connection', async () => {
    const directory = await temporaryDirectory()
    const instance = (): ((method: string, path: string, headers: Record<string, string>, body?: BodyInit) => Promise<Response>) => {
      const handler = createTusHandler({
        store: directoryStorage(join(directory, 'blobs')), uploads: directoryUploads(join(directory, 'uploads')), locker: server(), authorize: () => ({ space: 'a' }),
      })
      return (method, path, headers, body) => {
        const init: RequestInit & { readonly duplex: 'half' } = { method, headers: { ...TUS, ...headers }, body: body ?? null, duplex: 'half' }
        return handler.handle(new Request(`http://server.example${path}`, init))
      }
    }
    const [first, second] = [instance(), instance()]
    const { bytes, hash } = await randomBlob(1_000)
    const path = (await first('POST', '/files', { 'upload-length': '1000', 'upload-metadata': metadataOf(hash) })).headers.get('location') ?? ''
    // The client is gone, and its connection has not been told.
    const silent = new ReadableStream<Uint8Array>({ start: (controller) => controller.enqueue(bytes.slice(0, 400)) })
    const patch = { 'content-type': 'application/offset+octet-stream' }
    const old = first('PATCH', path, { ...patch, 'upload-offset': '0' }, silent)
    await expect.poll(async () => (await directoryUploads(join(directory, 'uploads')).getUpload(path.slice('/files/'.length))).offset).toBe(400)
    const stands = await second('HEAD', path, {})
    expect([stands.status, stands.headers.get('upload-offset')]).toEqual([200, '400'])
    const done = await second('PATCH', path, { ...patch, 'upload-offset': '400' }, bytes.slice(400))
    expect([done.status, done.headers.get('bse-stored')]).toEqual([204, hash])
    expect((await old).status).toBeGreaterThanOrEqual(204)
  })
})
