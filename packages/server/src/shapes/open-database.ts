import type { Logger } from '@bse/core/provider'
import type { ShapeDatabase } from './database.ts'
import { openPglite } from './pglite-database.ts'
import { postgresDatabase } from './postgres-database.ts'

/** A Postgres by its URL, or the directory of an embedded one, which is created when missing. */
export async function openShapeDatabase(place: string, logger?: Logger): Promise<ShapeDatabase> {
  return /^postgres(?:ql)?:\/\//.test(place) ? postgresDatabase({ url: place, logger }) : openPglite(place)
}
