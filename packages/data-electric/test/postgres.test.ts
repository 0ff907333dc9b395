import { afterAll, beforeAll } from 'vitest'
import { startPostgres, type RunningPostgres } from '../../../scripts/services/postgres.ts'
import { postgresTest } from './support/electric-host.ts'
import { suiteOn } from './support/suite-on.ts'

let postgres: RunningPostgres
beforeAll(async () => {
  postgres = await startPostgres()
}, 120_000)
afterAll(() => postgres.stop())

suiteOn('electric on Postgres', () => postgresTest(postgres.url))
