import type { Client, ClientConfig, Pool } from 'pg'
import type { Logger } from '@bse/core/provider'
import type { Queryable, ShapeDatabase, TextRow } from './database.ts'

export interface PostgresDatabaseOptions {
  /** `postgres://user:password@host:port/database`. The user owns the tables, or is a superuser. */
  readonly url: string
  /** Connections at most, besides the one that listens. Default 4. */
  readonly maxConnections?: number | undefined
  readonly logger?: Logger | undefined
}

const RECONNECT_MS = 500
const asText = { getTypeParser: () => (text: string | Buffer): string => text.toString() }

/** A Postgres server, version 14 or newer, by the `pg` package. */
export async function postgresDatabase({ url, maxConnections = 4, logger }: PostgresDatabaseOptions): Promise<ShapeDatabase> {
  const { default: pg } = await import('pg')
  const config: ClientConfig = { connectionString: url, application_name: 'bse-shapes', keepAlive: true, types: asText }
  const pool = new pg.Pool({ ...config, max: maxConnections, idleTimeoutMillis: 30_000 })
  // An idle connection that breaks is replaced by the pool; whoever uses one next learns of it.
  pool.on('error', (error) => logger?.warn('shapes: a database connection broke', { error: error.message }))
  return new PostgresDatabase(pool, () => new pg.Client(config), logger)
}

class PostgresDatabase implements ShapeDatabase {
  readonly #pool: Pool
  readonly #newClient: () => Client
  readonly #logger: Logger | undefined
  readonly #listeners = new Map<string, () => void>()
  #claimed: number | undefined
  #client: Client | undefined
  #retry: ReturnType<typeof setTimeout> | undefined
  #closed = false

  constructor(pool: Pool, newClient: () => Client, logger: Logger | undefined) {
    this.#pool = pool
    this.#newClient = newClient
    this.#logger = logger
  }

  async query(sql: string, parameters: readonly (string | null)[] = []): Promise<readonly TextRow[]> {
    return (await this.#pool.query<TextRow>(sql, [...parameters])).rows
  }

  async transaction<T>(work: (transaction: Queryable) => Promise<T>): Promise<T> {
    const client = await this.#pool.connect()
    let broken: Error | undefined
    try {
      await client.query('BEGIN ISOLATION LEVEL REPEATABLE READ')
      const result = await work({ query: async (sql, parameters = []) => (await client.query<TextRow>(sql, [...parameters])).rows })
      await client.query('COMMIT')
      return result
    } catch (error) {
      await client.query('ROLLBACK').catch((failure: unknown) => {
        broken = failure instanceof Error ? failure : new Error(String(failure))
      })
      throw error
    } finally {
      client.release(broken)
    }
  }

  async listen(channel: string, wake: () => void): Promise<void> {
    this.#listeners.set(channel, wake)
    const client = await this.#connected()
    await client.query(`LISTEN ${channel}`)
  }

  async claim(key: number): Promise<boolean> {
    const client = await this.#connected()
    const { rows } = await client.query<TextRow>('select pg_try_advisory_lock($1::bigint)::text as claimed', [String(key)])
    const isClaimed = rows[0]?.['claimed'] === 'true'
    if (isClaimed) this.#claimed = key
    return isClaimed
  }

  async close(): Promise<void> {
    this.#closed = true
    clearTimeout(this.#retry)
    await this.#client?.end()
    await this.#pool.end()
  }

  /** The connection that listens and holds the claim: both end with it, so both are renewed with it. */
  async #connected(): Promise<Client> {
    if (this.#client !== undefined) return this.#client
    const client = this.#newClient()
    client.on('error', () => this.#lost(client))
    client.on('end', () => this.#lost(client))
    client.on('notification', ({ channel }) => this.#listeners.get(channel)?.())
    await client.connect()
    this.#client = client
    return client
  }

  #lost(client: Client): void {
    if (this.#closed || this.#client !== client) return
    this.#client = undefined
    this.#logger?.warn('shapes: the listening connection broke')
    this.#reconnectLater()
  }

  #reconnectLater(): void {
    this.#retry = setTimeout(() => {
      this.#reconnect().catch(() => this.#reconnectLater())
    }, RECONNECT_MS)
  }

  async #reconnect(): Promise<void> {
    if (this.#closed) return
    const client = await this.#connected()
    if (this.#claimed !== undefined && !(await this.claim(this.#claimed))) throw new Error('another server follows this database')
    for (const [channel, wake] of this.#listeners) {
      await client.query(`LISTEN ${channel}`)
      wake()
    }
  }
}
