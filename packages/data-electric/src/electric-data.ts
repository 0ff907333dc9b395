import { ConfiguredUrl } from '@bse/core/http'
import type { DataProvider } from '@bse/core/provider'
import { ElectricConnection } from './connection.ts'
import { planTables, type Casing, type ElectricTableOptions } from './table-plan.ts'

export interface ElectricDataOptions {
  /**
   * Of the sync service or of a proxy in front of it, for example `https://api.electric-sql.com`. Without a path `/v1/shape` is added; with one it is
   * taken as it is. In a page also relative to it.
   */
  readonly url: string
  /** Where writes go, as `createMutationHandler` of `@bse/server` answers them. Default: `/mutations` on the host of `url`. */
  readonly mutationsUrl?: string
  readonly tables?: Readonly<Record<string, ElectricTableOptions>>
  /** `snake`: what the schema calls `takenAt` is `taken_at` in the database, unless `tables` says otherwise. Tables too. The API must be told the same. */
  readonly casing?: Casing
  /** Sent in the query of each shape's request, for example `source_id`. Not the place for what somebody else must not know. */
  readonly query?: Readonly<Record<string, string>>
  /** Sent with every request, before those of the engine's `auth`. Not the place for what expires. */
  readonly headers?: Readonly<Record<string, string>>
  /** How long a request may stand still. More than the service holds back an answer when there is nothing new: 20 s. Default 40 s. */
  readonly idleTimeoutMs?: number
}

const IDLE_TIMEOUT_MS = 40_000

/**
 * Rows from Electric shapes, one for each table of the schema; writes through your API.
 *
 * @throws BseError `CONFIG_INVALID` for a URL that cannot be one.
 */
export function electricData(options: ElectricDataOptions): DataProvider {
  const parts = {
    // First: the other one builds on it.
    shapeUrl: new ConfiguredUrl(shapeUrl(options.url), { adapter: 'data-electric', option: 'data.url' }),
    mutationsUrl: new ConfiguredUrl(options.mutationsUrl ?? besides(options.url, '/mutations'), { adapter: 'data-electric', option: 'data.mutationsUrl' }),
    query: options.query ?? {},
    headers: options.headers ?? {},
    idleMs: options.idleTimeoutMs ?? IDLE_TIMEOUT_MS,
  }
  return {
    name: 'electric',
    capabilities: { conflicts: 'reported', acknowledges: 'server', startsWith: 'cursor' },
    connect: async (context) => new ElectricConnection(parts, planTables(context.tables, options.tables ?? {}, options.casing), context),
  }
}

function shapeUrl(url: string): string {
  const isHostOnly = URL.canParse(url) ? new URL(url).pathname === '/' : url === '/'
  return isHostOnly ? besides(url, '/v1/shape') : url
}

/** A path on the host of `url`. */
function besides(url: string, path: string): string {
  return URL.canParse(url) ? new URL(path, url).href : path
}
