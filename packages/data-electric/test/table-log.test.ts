import type { Message } from '@electric-sql/client'
import { expect, it } from 'vitest'
import { plainProviderContext } from '@bse/core/testing'
import type { ShapePlace } from '../src/cursor.ts'
import { TableLog } from '../src/table-log.ts'
import { planTables } from '../src/table-plan.ts'

const [plan] = planTables([{ name: 'photos', columns: [{ name: 'title', type: 'string', optional: true }] }], {}, undefined)
const place: ShapePlace = { handle: 'h', offset: '5_0', snapshot: undefined, seen: [1] }
const at = (offset: string): { handle: string; offset: string } => ({ handle: 'h', offset })

function logFrom(from: ShapePlace | undefined): TableLog {
  if (plan === undefined) throw new Error('no plan')
  return new TableLog(plan, from, plainProviderContext().logger)
}

function change(operation: 'insert' | 'update' | 'delete', value: Record<string, string | null>, headers: Record<string, unknown> = {}): Message {
  return { key: `"public"."photos"/"${value['id'] ?? ''}"`, value, headers: { operation, ...headers } } as Message
}

const upToDate = { headers: { control: 'up-to-date', global_last_seen_lsn: '9' } } as Message

it('passes a transaction on when it is whole, and stays before one that is not', () => {
  const log = logFrom(place)
  const first = [change('insert', { id: 'a', title: 'one' }, { lsn: '6', op_position: 0, txids: [7], last: true }), change('insert', { id: 'b', title: null }, { lsn: '7', op_position: 0, txids: [8] })]
  const step = log.take(first, at('7_0'))
  expect(step?.changes).toEqual([{ kind: 'put', table: 'photos', rowId: 'a', row: { title: 'one' } }])
  expect(step?.place).toEqual({ handle: 'h', offset: '6_0', snapshot: undefined, seen: [1, 7] })
  expect(log.take([change('update', { id: 'b' }, { lsn: '7', op_position: 2, txids: [8] })], at('7_2'))).toBeUndefined()
  const last = log.take([change('delete', { id: 'a' }, { lsn: '7', op_position: 4, txids: [8], last: true }), upToDate], at('7_4'))
  expect(last?.changes.map(({ kind, rowId }) => [kind, rowId])).toEqual([['put', 'b'], ['patch', 'b'], ['delete', 'a']])
  expect(last).toMatchObject({ upToDate: true, seenLsn: 9n, replaces: false, place: { offset: '7_4', seen: [1, 7, 8] } })
})

it('gives a snapshot as a whole, with what the log did to it since', () => {
  const log = logFrom(place)
  log.beginSnapshot()
  const rows = [change('insert', { id: 'a', title: 'one' }), change('insert', { id: 'b', title: 'two' }), { headers: { control: 'snapshot-end', xmin: '5', xmax: '8', xip_list: ['6'] } } as Message]
  expect(log.take(rows, at('0_0'))).toBeUndefined()
  const since = [change('update', { id: 'a', title: null }, { lsn: '6', op_position: 0, txids: [9], last: true }), change('delete', { id: 'b' }, { lsn: '7', op_position: 0, txids: [10], last: true })]
  expect(log.take(since, at('7_0'))).toBeUndefined()
  expect(log.take([upToDate], at('7_0'))).toEqual({
    changes: [{ kind: 'put', table: 'photos', rowId: 'a', row: {} }], replaces: true, upToDate: true, seenLsn: 9n,
    place: { handle: 'h', offset: '7_0', snapshot: { xmin: '5', xmax: '8', running: ['6'] }, seen: [9, 10] },
  })
})

it('remembers the newest thousand transactions', () => {
  const log = logFrom(undefined)
  const changes = Array.from({ length: 1_500 }, (_, n) => change('delete', { id: 'a' }, { lsn: String(n), op_position: 0, txids: [n], last: true }))
  const seen = log.take([...changes, upToDate], at('1499_0'))?.place.seen
  expect([seen?.length, seen?.[0], seen?.at(-1)]).toEqual([1_000, 500, 1_499])
})

it('refuses a shape whose rows leave by tags', () => {
  const moved = { headers: { event: 'move-out', patterns: [] } } as unknown as Message
  expect(() => logFrom(place).take([moved], at('5_0'))).toThrow(expect.objectContaining({ code: 'REJECTED' }))
})
