import { Shape, ShapeStream } from '@electric-sql/client'
import { expect, inject, it, onTestFinished } from 'vitest'
import { randomTransaction, seeded, THINGS } from './support/history.ts'
import { followed } from './support/followed.ts'

const server = inject('shapeServerUrl')
/** More by `BSE_SHAPE_HISTORIES`. */
const histories = inject('shapeHistories')
const PATIENCE = { timeout: 60_000 }
const CUTS = 12

async function control(name: 'sql' | 'select' | 'restart' | 'cut' | 'sent', body = ''): Promise<string> {
  return (await fetch(`${server}/${name}`, { method: 'POST', body })).text()
}

async function run(sql: string): Promise<void> {
  await control('sql', sql)
}

async function rowsOf(table: string, columns: string, where: string): Promise<readonly unknown[]> {
  return JSON.parse(await control('select', `select coalesce(json_agg(row_to_json(x) order by x.id), '[]')::text as json from (select ${columns} from ${table} where ${where}) x`)) as unknown[]
}

it.each(['polling', 'events'] as const)('the official client follows a table in a page, by %s', async (mode) => {
  const table = `page_${mode}_${Date.now()}`
  await run(`create table ${table} (id int4 primary key, title text, done bool not null default false); insert into ${table} values (1, 'one')`)
  const controller = new AbortController()
  onTestFinished(() => controller.abort())
  const stream = new ShapeStream({ url: `${server}/v1/shape`, params: { table }, liveSse: mode === 'events', signal: controller.signal, onError: () => ({}) })
  const shape = new Shape(stream as ConstructorParameters<typeof Shape>[0])
  const rows = (): readonly unknown[] => shape.currentRows.toSorted((a, b) => Number(a['id']) - Number(b['id']))
  expect(await shape.rows).toEqual([{ id: 1, title: 'one', done: false }])
  await run(`begin; insert into ${table} values (2, 'two'); update ${table} set done = true where id = 1; commit`)
  await expect.poll(rows, { timeout: 60_000 }).toEqual([{ id: 1, title: 'one', done: true }, { id: 2, title: 'two', done: false }])
  await run(`truncate ${table}; insert into ${table} select g, 'row ' || g from generate_series(1, 1000) g`)
  await expect.poll(() => rows().length, { timeout: 60_000 }).toBe(1_000)
  await run(`delete from ${table} where id > 3`)
  await expect.poll(rows, { timeout: 60_000 }).toEqual([1, 2, 3].map((id) => ({ id, title: `row ${id}`, done: false })))
}, 120_000)

it.each(['polling', 'events'] as const)('in a page, the official client has the rows of the table after random histories with restarts, by %s', async (mode) => {
  for (let seed = 1; seed <= histories; seed++) {
    const table = `history_${mode}_${seed}_${Date.now()}`
    await run(THINGS.replaceAll('things', table))
    const random = seeded(seed)
    const all = followed({ url: `${server}/v1/shape` }, { table }, mode)
    const some = followed({ url: `${server}/v1/shape` }, { table, where: 'n > $1 and not done', params: ['50'], replica: 'full' }, mode)
    for (let count = 0; count < 20; count++) {
      await run(randomTransaction(random).replaceAll('things', table))
      if (random(8) === 0) await control('restart')
    }
    await expect.poll(() => all.rows(), PATIENCE).toEqual(await rowsOf(table, 'id, title, n, done', 'true'))
    await expect.poll(() => some.rows(), PATIENCE).toEqual(await rowsOf(table, 'id, title, n, done', 'n > 50 and not done'))
    for (const one of [all, some]) one.stop()
  }
}, 3_600_000)

it('in a page, the official client has every row wherever the connection is cut', async () => {
  const table = `cut_${Date.now()}`
  await run(`${THINGS.replaceAll('things', table)}; insert into ${table} select g, 'row ' || g from generate_series(1, 5) g`)
  await fetch(`${server}/v1/shape?table=${table}&offset=-1`)
  await run(`insert into ${table} values (6, 'after', 6); update ${table} set title = 'changed' where id = 2; delete from ${table} where id = 4`)
  const expected = await rowsOf(table, 'id, title, n, done', 'true')
  const whole = await control('cut')
  await followed({ url: `${whole}/v1/shape` }, { table }, 'polling').hasRows(expected as Record<string, unknown>[])
  const lengthBytes = Number(await control('sent', whole))
  expect(lengthBytes).toBeGreaterThan(1_000)
  for (let cut = 0; cut < CUTS; cut++) {
    const url = await control('cut', String(Math.floor((lengthBytes * cut) / CUTS)))
    await followed({ url: `${url}/v1/shape` }, { table }, 'polling').hasRows(expected as Record<string, unknown>[])
  }
}, 240_000)
