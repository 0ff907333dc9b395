import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest'
import { startPostgres, type RunningPostgres } from '../../../../scripts/services/postgres.ts'
import { findTable } from '../../src/shapes/catalog.ts'
import type { Transaction } from '../../src/shapes/change-source.ts'
import { outboxSource } from '../../src/shapes/outbox-source.ts'
import { postgresBackend, type Backend } from './replay/backend.ts'

let postgres: RunningPostgres
beforeAll(async () => {
  postgres = await startPostgres()
}, 60_000)
afterAll(() => postgres.stop())

let databases = 0

/** A table `t` that is watched, and what was taken of it each time. */
async function watched(): Promise<{ readonly backend: Backend; take(): Promise<readonly string[]> }> {
  const backend = await postgresBackend(postgres.url, `order_${(databases += 1)}`)
  await backend.run('create table t (id text primary key)')
  const database = await backend.database()
  onTestFinished(async () => {
    await database.close()
    await backend.close()
  })
  const source = outboxSource(database, { maxRows: 1_000 })
  await source.prepare()
  await source.watch((await findTable(database, ['public', 't']))?.oid ?? 0)
  const take = async (): Promise<readonly string[]> => {
    const taken = await database.transaction((on) => source.take(on))
    return (taken as readonly Transaction[]).map(({ changes }) => changes.map(({ after, before }) => after ?? before).join(' '))
  }
  return { backend, take }
}

describe('changes by an outbox', () => {
  it('are not skipped when the transaction that wrote first commits last', async () => {
    const { backend, take } = await watched()
    await backend.run("begin; insert into t values ('early')", 'slow')
    await backend.run("insert into t values ('late')", 'quick')
    expect(await take()).toEqual(['(late)'])
    await backend.run('commit', 'slow')
    expect(await take()).toEqual(['(early)'])
    expect(await take()).toEqual([])
  })

  it('come in the order of the commits when they are taken together', async () => {
    const { backend, take } = await watched()
    await backend.run("begin; insert into t values ('a1')", 'a')
    await backend.run("begin; insert into t values ('b1')", 'b')
    await backend.run("insert into t values ('a2')", 'a')
    await backend.run('commit', 'b')
    await backend.run('commit', 'a')
    expect(await take()).toEqual(['(b1)', '(a1) (a2)'])
  })

  it('come after what they saw when the app has its deferred triggers run early', async () => {
    const { backend, take } = await watched()
    await backend.run("begin; set constraints all immediate; insert into t values ('first')", 'a')
    await backend.run("insert into t values ('seen')", 'b')
    await backend.run("delete from t where id = 'seen'; commit", 'a')
    expect(await take()).toEqual(['(seen)', '(first) (seen)'])
  })

  it('leave no trace of what was rolled back', async () => {
    const { backend, take } = await watched()
    await backend.run("begin; insert into t values ('gone'); rollback")
    await backend.run("begin; insert into t values ('kept'); savepoint s; insert into t values ('undone'); rollback to s; commit")
    expect(await take()).toEqual(['(kept)'])
  })

  it('come again when taking them was rolled back', async () => {
    const { backend, take } = await watched()
    const database = await backend.database()
    onTestFinished(() => database.close())
    const source = outboxSource(database, { maxRows: 1_000 })
    await backend.run("insert into t values ('a')")
    const failed = database.transaction(async (on) => {
      await source.take(on)
      throw new Error('the disk is full')
    })
    await expect(failed).rejects.toThrow('the disk is full')
    expect(await take()).toEqual(['(a)'])
  })
})
