import fc from 'fast-check'
import { expect, it } from 'vitest'
import { and, not, or, type Condition, type Observed, type OverlayLayer, type Query, type RowStore, type StoreChange } from '../../src/store/index.ts'
import type { RowWire } from '../../src/wire/mutation-wire.ts'
import { base, layer, overlay, photo, photos, put, storeOf, type Photo } from './support.ts'

/** A question in words of the test, answered by looking through everything. */
type Ask =
  | { readonly is: 'cell'; readonly column: 'id' | 'title' | 'familyId' | 'stars' | 'takenAt'; readonly op: string; readonly operand: unknown }
  | { readonly is: 'and' | 'or' | 'not'; readonly of: readonly Ask[] }

/** A place in the order: that of a row which may have been there or not. */
interface Place {
  readonly id: string
  readonly title: string
  readonly stars: number | null
  readonly takenAt: Date | null
}

interface Question {
  readonly conditions: readonly Ask[]
  readonly order: readonly (readonly [column: 'title' | 'stars' | 'takenAt' | 'id', direction: 'asc' | 'desc'])[]
  readonly limit: number | undefined
  readonly offset: number | undefined
  readonly after: Place | undefined
  readonly before: Place | undefined
}

const ROWS = 240
const idOf = (number: number): string => `r${String(number).padStart(3, '0')}`
const dateOf = (number: number): string => new Date(number * 1000).toISOString()

const rowId = fc.integer({ min: 0, max: ROWS - 1 }).map(idOf)
const stars = fc.option(fc.integer({ min: 0, max: 9 }))
const title = fc.constantFrom('a', 'b', 'B', 'ä', '')
const family = fc.constantFrom('smiths', 'joneses', 'khans')
const takenAt = fc.option(fc.integer({ min: 0, max: 5 }).map(dateOf))
const values = fc.record({ title, familyId: family, stars, takenAt })
const some = fc.record({ title, familyId: family, stars, takenAt }, { requiredKeys: [] })
const layers = fc.array(fc.tuple(fc.constantFrom<OverlayLayer['kind']>('insert', 'update', 'upsert', 'delete'), some), { maxLength: 3 })

const date = fc.integer({ min: 0, max: 5 }).map((number) => new Date(number * 1000))
const number = fc.integer({ min: 0, max: 9 })
const ordered = fc.constantFrom('gt', 'gte', 'lt', 'lte', 'ne', 'eq')
const cell = fc.oneof(
  fc.tuple(fc.constant('familyId' as const), fc.constant('eq'), family),
  fc.tuple(fc.constant('familyId' as const), fc.constant('in'), fc.array(family, { maxLength: 3 })),
  fc.tuple(fc.constant('stars' as const), ordered, number),
  fc.tuple(fc.constant('stars' as const), fc.constantFrom('eq', 'ne'), fc.constant(null)),
  fc.tuple(fc.constant('stars' as const), fc.constant('in'), fc.array(fc.option(number), { maxLength: 4 })),
  fc.tuple(fc.constant('takenAt' as const), ordered, date),
  fc.tuple(fc.constant('title' as const), ordered, title),
  fc.tuple(fc.constant('id' as const), fc.constant('in'), fc.array(rowId, { maxLength: 100 })),
)
const condition: fc.Arbitrary<Ask> = fc.letrec<{ ask: Ask; cell: Ask }>((tie) => ({
  cell: cell.map(([column, op, operand]): Ask => ({ is: 'cell', column, op, operand })),
  ask: fc.oneof(
    { maxDepth: 3 },
    { weight: 3, arbitrary: tie('cell') },
    { weight: 2, arbitrary: fc.record({ is: fc.constantFrom('and' as const, 'or' as const), of: fc.array(tie('ask'), { minLength: 1, maxLength: 3 }) }) },
    { weight: 1, arbitrary: tie('ask').map((ask): Ask => ({ is: 'not', of: [ask] })) },
  ),
})).ask
const place: fc.Arbitrary<Place | undefined> = fc.option(fc.record({ id: rowId, title, stars, takenAt: fc.option(date) }), { nil: undefined, freq: 2 })
const question: fc.Arbitrary<Question> = fc.record({
  conditions: fc.array(condition, { maxLength: 2 }),
  order: fc.array(fc.tuple(fc.constantFrom('title', 'stars', 'takenAt', 'id'), fc.constantFrom('asc', 'desc')), { maxLength: 3 }),
  limit: fc.option(fc.oneof(fc.integer({ min: 0, max: 6 }), fc.integer({ min: 0, max: 150 })), { nil: undefined }),
  offset: fc.option(fc.oneof(fc.integer({ min: 0, max: 6 }), fc.integer({ min: 0, max: 150 })), { nil: undefined, freq: 2 }),
  after: place,
  before: place,
})

type Step =
  | { readonly is: 'write'; readonly changes: readonly StoreChange[] }
  /** Takes away a run of rows, so that windows are drained. */
  | { readonly is: 'drain'; readonly from: number; readonly count: number; readonly atOnce: boolean }
  | { readonly is: 'open'; readonly question: Question }
  | { readonly is: 'close'; readonly at: number }

const change: fc.Arbitrary<StoreChange> = fc.oneof(
  { weight: 4, arbitrary: fc.tuple(rowId, values).map(([id, row]) => put(id, row)) },
  { weight: 2, arbitrary: rowId.map((id) => base(id, undefined)) },
  { weight: 2, arbitrary: fc.tuple(rowId, layers).map(([id, list]) => overlay(id, ...list.map(([kind, more]) => layer(kind, kind === 'insert' ? photo(id, more) : more)))) },
)
const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 6, arbitrary: fc.record({ is: fc.constant('write' as const), changes: fc.array(change, { maxLength: 5 }) }) },
  { weight: 2, arbitrary: fc.record({ is: fc.constant('write' as const), changes: fc.array(change, { minLength: 17, maxLength: 60 }) }) },
  { weight: 2, arbitrary: fc.record({ is: fc.constant('drain' as const), from: fc.nat(ROWS), count: fc.integer({ min: 1, max: 120 }), atOnce: fc.boolean() }) },
  { weight: 3, arbitrary: fc.record({ is: fc.constant('open' as const), question }) },
  { weight: 1, arbitrary: fc.record({ is: fc.constant('close' as const), at: fc.nat(9) }) },
)

/** The rows as this test believes them to be. */
class Model {
  readonly #bases: Map<string, RowWire> = new Map()
  readonly #overlays: Map<string, readonly OverlayLayer[]> = new Map()

  apply(changes: readonly StoreChange[]): void {
    for (const change of changes) {
      if (change.is === 'overlay') this.#overlays.set(change.rowId, change.layers)
      else if (change.row === undefined) this.#bases.delete(change.rowId)
      else this.#bases.set(change.rowId, change.row)
    }
  }

  rows(): readonly Photo[] {
    const ids = new Set([...this.#bases.keys(), ...this.#overlays.keys()])
    return [...ids].flatMap((id) => {
      const row = this.#view(id)
      return row === undefined ? [] : [row]
    })
  }

  #view(id: string): Photo | undefined {
    let row: { [column: string]: unknown } | undefined = this.#bases.get(id)
    for (const { kind, values } of this.#overlays.get(id) ?? []) {
      if (kind === 'delete') row = undefined
      else if (kind === 'update') row = row && { ...row, ...values }
      else row = { ...row, ...values }
    }
    // An upsert may have made a row without its required columns: it is out of sight.
    if (row === undefined || row.title === undefined || row.familyId === undefined) return undefined
    const { title, familyId, stars = null, takenAt = null } = row
    const at = takenAt === null ? null : new Date(takenAt as string)
    return { id, title, familyId, stars, takenAt: at, hidden: false, image: null, cover: null, tags: null } as unknown as Photo
  }

  answer({ conditions, order, limit = Infinity, offset = 0, after, before }: Question): readonly Photo[] {
    const inOrder = (a: Place, b: Place): number => {
      for (const [column, direction] of [...order, ['id', 'asc'] as const]) {
        const sign = compare(plain(a[column]), plain(b[column]))
        if (sign !== 0) return direction === 'asc' ? sign : -sign
      }
      return 0
    }
    const matching = this.rows().filter((row) => conditions.every((ask) => isTrue(row, ask))).sort(inOrder)
    const sorted = matching.filter((row) => (after === undefined || inOrder(row, after) > 0) && (before === undefined || inOrder(row, before) < 0))
    if (after !== undefined || before === undefined) return sorted.slice(offset, offset + limit)
    return sorted.reverse().slice(offset, offset + limit).reverse()
  }
}

function isTrue(row: Photo, ask: Ask): boolean {
  switch (ask.is) {
    case 'cell': return holds(plain(row[ask.column]), ask.op, ask.operand)
    case 'and': return ask.of.every((part) => isTrue(row, part))
    case 'or': return ask.of.some((part) => isTrue(row, part))
    case 'not': return !ask.of.some((part) => isTrue(row, part))
  }
}

function plain(value: unknown): unknown {
  return value instanceof Date ? value.getTime() : value
}

function compare(a: unknown, b: unknown): number {
  if (a === b) return 0
  if (a === null) return -1
  if (b === null) return 1
  return (a as number) < (b as number) ? -1 : 1
}

function holds(cell: unknown, op: string, operand: unknown): boolean {
  const wanted = plain(operand)
  if (op === 'in') return (operand as unknown[]).includes(cell)
  if (op === 'eq') return cell === wanted
  if (op === 'ne') return cell !== wanted
  if (cell === null) return false
  const sign = compare(cell, wanted)
  return op === 'gt' ? sign > 0 : op === 'gte' ? sign >= 0 : op === 'lt' ? sign < 0 : sign <= 0
}

function conditionOf(ask: Ask): Condition<Photo> {
  if (ask.is === 'cell') return { [ask.column]: ask.op === 'eq' ? ask.operand : { [ask.op]: ask.operand } }
  const [first, ...others] = ask.of.map(conditionOf)
  if (first === undefined) throw new Error('nothing to combine')
  if (ask.is === 'not') return not(first)
  return ask.is === 'and' ? and(first, ...others) : or(first, ...others)
}

function queryOf({ conditions, order, limit, offset, after, before }: Question): Query<Photo> {
  let query = photos()
  for (const ask of conditions) query = query.where(conditionOf(ask))
  for (const [column, direction] of order) query = query.orderBy(column, direction)
  if (after !== undefined) query = query.after(query.cursor(after as Photo))
  if (before !== undefined) query = query.before(query.cursor(before as Photo))
  if (offset !== undefined) query = query.offset(offset)
  return limit === undefined ? query : query.limit(limit)
}

interface Watched {
  readonly question: Question
  readonly query: Query<Photo>
  readonly observed: Observed<Photo>
  told: number
  last: readonly Photo[]
}

function watch(store: RowStore, question: Question): Watched {
  const query = queryOf(question)
  const watched: Watched = { question, query, told: 0, last: [], observed: store.observe(query, () => void (watched.told += 1)) }
  watched.last = watched.observed.rows()
  return watched
}

/** What must hold of a live query after every round: told once and only of a change, and nothing new that is equal. */
function checkRound(watched: Watched): void {
  const rows = watched.observed.rows()
  const isSame = rows.length === watched.last.length && rows.every((row, at) => row === watched.last[at])
  expect(watched.told).toBe(isSame ? 0 : 1)
  expect(rows === watched.last).toBe(isSame)
  const before = new Map(watched.last.map((row) => [row.id, row]))
  for (const row of rows) {
    if (before.get(row.id) !== row) expect(before.get(row.id)).not.toEqual(row)
  }
  watched.last = rows
  watched.told = 0
}

function checkRows(store: RowStore, model: Model, { question, query, observed }: Watched): void {
  const expected = model.answer(question)
  expect(observed.rows()).toEqual(expected)
  expect(store.count(query)).toBe(expected.length)
}

function roundsOf(step: Step): readonly (readonly StoreChange[])[] {
  if (step.is === 'write') return [step.changes]
  if (step.is !== 'drain') return []
  const gone = Array.from({ length: step.count }, (_, at) => idOf(step.from + at)).flatMap((id) => [base(id, undefined), overlay(id)])
  return step.atOnce ? [gone] : Array.from({ length: step.count }, (_, at) => gone.slice(2 * at, 2 * at + 2))
}

it('keeps live queries equal to a look through all rows', { timeout: 120_000 }, () => {
  fc.assert(
    fc.property(fc.array(values, { minLength: ROWS, maxLength: ROWS }), fc.array(question, { minLength: 1, maxLength: 4 }), fc.array(step, { maxLength: 12 }), (rows, questions, steps) => {
      const initial = rows.map((row, at) => put(idOf(at), row))
      const store = storeOf(...initial)
      const model = new Model()
      model.apply(initial)
      const open = questions.map((asked) => watch(store, asked))
      for (const next of steps) {
        if (next.is === 'open') open.push(watch(store, next.question))
        if (next.is === 'close') open.splice(next.at, 1).forEach(({ observed }) => observed.close())
        const rounds = roundsOf(next)
        for (const [at, round] of rounds.entries()) {
          store.apply(round)
          model.apply(round)
          open.forEach(checkRound)
          // Asking the model after every step of a long drain would make the test slow.
          if (at === rounds.length - 1 || at % 10 === 0) open.forEach((watched) => checkRows(store, model, watched))
        }
      }
      for (const { question: asked, query } of open) expect(store.run(query)).toEqual(model.answer(asked))
    }),
    { numRuns: 150, endOnFailure: true },
  )
})
