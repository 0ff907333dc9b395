import { Shape, ShapeStream } from '@electric-sql/client'
import { expect, inject, it, onTestFinished } from 'vitest'

const server = inject('shapeServerUrl')

async function run(sql: string): Promise<void> {
  await fetch(`${server}/sql`, { method: 'POST', body: sql })
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
  await expect.poll(rows, { timeout: 20_000 }).toEqual([{ id: 1, title: 'one', done: true }, { id: 2, title: 'two', done: false }])
  await run(`truncate ${table}; insert into ${table} select g, 'row ' || g from generate_series(1, 1000) g`)
  await expect.poll(() => rows().length, { timeout: 20_000 }).toBe(1_000)
  await run(`delete from ${table} where id > 3`)
  await expect.poll(rows, { timeout: 20_000 }).toEqual([1, 2, 3].map((id) => ({ id, title: `row ${id}`, done: false })))
})
