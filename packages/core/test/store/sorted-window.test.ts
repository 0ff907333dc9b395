import fc from 'fast-check'
import { expect, it } from 'vitest'
import type { Row } from '../../src/schema/index.ts'
import { compileOrder } from '../../src/store/plan.ts'
import { SortedWindow, type RowChange, type WindowOptions } from '../../src/store/sorted-window.ts'

type Op =
  | { readonly is: 'remove-first'; readonly count: number; readonly atOnce: boolean }
  | { readonly is: 'add'; readonly places: readonly number[]; readonly atOnce: boolean }
  | { readonly is: 'move'; readonly moves: readonly { readonly from: number; readonly place: number }[]; readonly atOnce: boolean }

const compare = compileOrder([{ column: 'place', direction: 'asc' }])
const place = fc.integer({ min: 0, max: 300 })
const atOnce = fc.boolean()
const op: fc.Arbitrary<Op> = fc.oneof(
  fc.record({ is: fc.constant('remove-first' as const), count: fc.integer({ min: 1, max: 50 }), atOnce }),
  fc.record({ is: fc.constant('add' as const), places: fc.array(place, { minLength: 1, maxLength: 40 }), atOnce }),
  // Many at once, behind nearly all others.
  fc.record({ is: fc.constant('add' as const), places: fc.array(fc.integer({ min: 290, max: 400 }), { minLength: 17, maxLength: 40 }), atOnce: fc.constant(true) }),
  fc.record({ is: fc.constant('add' as const), places: fc.array(fc.constant(500), { minLength: 17, maxLength: 20 }), atOnce: fc.constant(true) }),
  fc.record({ is: fc.constant('move' as const), moves: fc.array(fc.record({ from: fc.nat(299), place }), { minLength: 1, maxLength: 40 }), atOnce }),
)
const options: fc.Arbitrary<WindowOptions> = fc.record({
  limit: fc.oneof(fc.constant(undefined), fc.integer({ min: 0, max: 8 }), fc.constant(70)),
  offset: fc.oneof(fc.constant(0), fc.integer({ min: 0, max: 8 }), fc.constant(70)),
  fromEnd: fc.boolean(),
})

/** All rows in order, kept the plain way, and a window over them. */
class Bench {
  rows: Row[] = []
  readonly window: SortedWindow
  readonly #options: WindowOptions
  #made = 0

  constructor(options: WindowOptions, places: readonly number[]) {
    this.#options = options
    this.window = new SortedWindow(compare, options)
    this.rows = places.map((at) => this.#make(at))
    this.window.fill(this.rows)
    this.rows.sort(compare)
  }

  run(next: Op): void {
    const changes = this.#changesOf(next)
    if (next.atOnce) this.#apply(changes)
    else for (const change of changes) this.#apply([change])
  }

  check(): void {
    expect(this.window.visible()).toEqual(this.#shown())
  }

  #shown(): readonly Row[] {
    const { offset = 0, limit = Infinity, fromEnd = false } = this.#options
    const rows = fromEnd ? this.rows.toReversed() : this.rows
    const shown = rows.slice(offset, offset + limit)
    return fromEnd ? shown.reverse() : shown
  }

  #changesOf(next: Op): readonly RowChange[] {
    if (next.is === 'remove-first') return this.rows.slice(0, next.count).map((before) => ({ before, after: undefined }))
    if (next.is === 'add') return next.places.map((at) => ({ before: undefined, after: this.#make(at) }))
    const moves = new Map(next.moves.map(({ from, place }) => [this.rows[from], place]))
    return [...moves].flatMap(([before, at]) => (before === undefined ? [] : [{ before, after: Object.freeze({ id: before.id, place: at }) }]))
  }

  #apply(changes: readonly RowChange[]): void {
    const before = this.#shown()
    const gone = new Set(changes.map((change) => change.before))
    this.rows = [...this.rows.filter((row) => !gone.has(row)), ...changes.flatMap(({ after }) => after ?? [])].sort(compare)
    const after = this.#shown()
    const isChanged = this.window.apply(changes)
    if (this.window.isShort) this.window.fill(this.rows)
    expect(isChanged).toBe(before.length !== after.length || before.some((row, at) => row !== after[at]))
    this.check()
  }

  #make(at: number): Row {
    this.#made += 1
    return Object.freeze({ id: `r${this.#made}`, place: at })
  }
}

it('does not take rows from behind the window for its own', () => {
  const bench = new Bench({ limit: 2 }, Array.from({ length: 100 }, (_, at) => at))
  bench.run({ is: 'remove-first', count: 60, atOnce: true })
  // The window ends at 65; the rows from 66 on are not in it, and must come before these.
  bench.run({ is: 'add', places: Array.from({ length: 20 }, () => 90.5), atOnce: true })
  bench.run({ is: 'add', places: [91.5], atOnce: true })
  for (let at = 0; at < 50; at += 1) bench.run({ is: 'remove-first', count: 1, atOnce: false })
})

it('lets its last row go when that moves behind rows it does not know', () => {
  const bench = new Bench({ limit: 2 }, Array.from({ length: 100 }, (_, at) => at))
  bench.run({ is: 'remove-first', count: 60, atOnce: true })
  bench.run({ is: 'move', moves: [{ from: 5, place: 90.5 }], atOnce: true })
  for (let at = 0; at < 40; at += 1) bench.run({ is: 'remove-first', count: 1, atOnce: false })
})

it('tells of rows that only make the list longer', () => {
  const bench = new Bench({ limit: undefined }, [1, 2, 3])
  bench.run({ is: 'add', places: Array.from({ length: 20 }, () => 9), atOnce: true })
})

it('shows its rows through any changes, and says when they differ', { timeout: 120_000 }, () => {
  fc.assert(
    fc.property(options, fc.array(place, { minLength: 150, maxLength: 300 }), fc.array(op, { minLength: 5, maxLength: 25 }), (chosen, places, ops) => {
      const bench = new Bench(chosen, places)
      bench.check()
      for (const next of ops) bench.run(next)
    }),
    { numRuns: 300, endOnFailure: true },
  )
})
