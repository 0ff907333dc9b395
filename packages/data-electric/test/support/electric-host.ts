import { once } from 'node:events'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { PGlite } from '@electric-sql/pglite'
import { getRequestListener } from '@hono/node-server'
import pg from 'pg'
import { createMutationHandler, poolDatabase, type MutationHandler, type MutationHandlerOptions, type SqlDatabase } from '@bse/server/mutations'
import { createShapeHandler, pgliteDatabase, postgresDatabase, type ShapeDatabase, type ShapeHandler, type ShapeHandlerOptions } from '@bse/server/shapes'

/** A database that outlives the servers over it. */
export interface TestDatabase {
  readonly name: 'pglite' | 'postgres'
  readonly writes: SqlDatabase
  shapes(): Promise<ShapeDatabase>
  /** Statements of an app that knows nothing of us. */
  run(sql: string): Promise<void>
  rows(sql: string): Promise<readonly Record<string, unknown>[]>
  close(): Promise<void>
}

export interface HostOptions {
  readonly shapes?: Partial<ShapeHandlerOptions>
  readonly mutations?: Partial<MutationHandlerOptions>
}

/** Shapes and mutations of one database on one port, which stays the same. */
export class ElectricHost {
  readonly database: TestDatabase
  readonly #options: HostOptions
  readonly #server: Server
  #shapes: ShapeHandler | undefined
  #mutations: MutationHandler | undefined

  private constructor(database: TestDatabase, options: HostOptions) {
    this.database = database
    this.#options = options
    const listener = getRequestListener((request, env) => this.#answer(request, env.incoming.socket.remoteAddress), { overrideGlobalObjects: false })
    this.#server = createServer((incoming, outgoing) => void listener(incoming, outgoing))
  }

  static async open(database: TestDatabase, sql: string, options: HostOptions = {}): Promise<ElectricHost> {
    await database.run(sql)
    const host = new ElectricHost(database, options)
    await host.start()
    host.#server.listen(0, '127.0.0.1')
    await once(host.#server, 'listening')
    return host
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port
  }

  async start(): Promise<void> {
    const { mutations, shapes } = this.#options
    this.#mutations = await createMutationHandler({ database: this.database.writes, ...mutations })
    this.#shapes = await createShapeHandler({ database: await this.database.shapes(), ...shapes })
  }

  /** Answers 503 until `start`. */
  async stop(): Promise<void> {
    const shapes = this.#shapes
    this.#shapes = undefined
    this.#mutations = undefined
    await shapes?.close()
    this.#server.closeAllConnections()
  }

  async close(): Promise<void> {
    await this.stop()
    const closed = once(this.#server, 'close')
    this.#server.close()
    await closed
    await this.database.close()
  }

  async #answer(request: Request, remoteAddress: string | undefined): Promise<Response> {
    const isWrite = new URL(request.url).pathname === '/mutations'
    const handler = isWrite ? this.#mutations : this.#shapes
    return handler === undefined ? new Response('down', { status: 503 }) : handler(request, { remoteAddress })
  }
}

/** In memory, with the one connection that it has. */
export async function pgliteTest(): Promise<TestDatabase> {
  const pglite = await PGlite.create()
  const database = pgliteDatabase(pglite)
  return {
    name: 'pglite',
    writes: database,
    shapes: async () => pgliteDatabase(pglite),
    run: async (sql) => void (await pglite.exec(sql)),
    rows: async (sql) => (await pglite.query<Record<string, unknown>>(sql)).rows,
    close: () => pglite.close(),
  }
}

let databases = 0

/** A new database on a running server, which ends with that. */
export async function postgresTest(serverUrl: string): Promise<TestDatabase> {
  const name = `electric_${process.pid}_${(databases += 1)}`
  const admin = new pg.Client({ connectionString: serverUrl })
  await admin.connect()
  await admin.query(`create database ${name}`)
  await admin.end()
  const url = new URL(serverUrl)
  url.pathname = `/${name}`
  const pool = new pg.Pool({ connectionString: url.href, max: 8 })
  return {
    name: 'postgres',
    writes: poolDatabase(pool),
    shapes: () => postgresDatabase({ url: url.href }),
    run: async (sql) => void (await pool.query(sql)),
    rows: async (sql) => (await pool.query<Record<string, unknown>>(sql)).rows,
    close: async () => {
      await pool.end()
      await untilUnused(serverUrl, name)
    },
  }
}

/** A connection that is still saying goodbye when the server stops fails where nobody listens any more. */
async function untilUnused(serverUrl: string, database: string): Promise<void> {
  const admin = new pg.Client({ connectionString: serverUrl })
  admin.on('error', () => undefined)
  await admin.connect()
  const isUsed = async (): Promise<boolean> => (await admin.query('select 1 from pg_stat_activity where datname = $1', [database])).rows.length > 0
  while (await isUsed()) await new Promise((resolve) => setTimeout(resolve, 10))
  await admin.end()
}
