import { createHash } from 'node:crypto'
import { nonTrivialCells, watchCells, type CellCounts } from './cells.ts'
import type { Platform } from './platform.ts'
import { planOf, type Action } from './plan.ts'
import { shrink } from './shrink.ts'
import { simulate } from './simulate.ts'
import { RARE, UNREACHED } from './unreached.ts'
import type { Verdict, Violation } from './world.ts'

export interface Failure {
  readonly seed: number
  readonly violations: readonly Violation[]
}

export interface Report {
  readonly seeds: number
  readonly failures: readonly Failure[]
  readonly violations: Readonly<Record<Verdict, number>>
  readonly crashes: number
  readonly writes: number
  readonly acknowledged: number
  /** The trace hash of each seed, in order. */
  readonly traces: readonly string[]
  readonly cells: CellCounts
}

export interface Coverage {
  /** Reachable cells that no seed visited. */
  readonly unvisited: readonly string[]
  /** Cells visited although they are said to be out of reach, or that are none. */
  readonly wronglyListed: readonly string[]
}

/** Runs `count` seeds from `from` on. `onFailure` hears of each failing one at once; answering false ends the campaign. */
export async function campaign(
  platform: Platform, from: number, count: number, onFailure: (failure: Failure) => boolean,
): Promise<Report> {
  const cells: CellCounts = new Map()
  watchCells(cells)
  const failures: Failure[] = []
  const violations = { lost: 0, corrupt: 0, stuck: 0, duplicated: 0, diverged: 0, disobeyed: 0, ledger: 0 }
  const traces: string[] = []
  let [seeds, crashes, writes, acknowledged] = [0, 0, 0, 0]
  for (let seed = from; seed < from + count; seed++) {
    const outcome = await simulate(seed, { platform })
    traces.push(outcome.traceHash)
    seeds += 1
    crashes += outcome.crashes
    writes += outcome.writes
    acknowledged += outcome.acknowledged
    if (outcome.violations.length === 0) continue
    for (const { is } of outcome.violations) violations[is] += 1
    const failure = { seed, violations: outcome.violations }
    failures.push(failure)
    if (!onFailure(failure)) break
  }
  return { seeds, failures, violations, crashes, writes, acknowledged, traces, cells }
}

/** Of campaigns one behind the other, what one over all of their seeds would have told. */
export function together(reports: readonly Report[]): Report {
  const sum = (read: (report: Report) => number): number => reports.reduce((total, report) => total + read(report), 0)
  const cells: CellCounts = new Map()
  for (const report of reports) for (const [cell, count] of report.cells) cells.set(cell, (cells.get(cell) ?? 0) + count)
  return {
    seeds: sum(({ seeds }) => seeds), crashes: sum(({ crashes }) => crashes), writes: sum(({ writes }) => writes), acknowledged: sum(({ acknowledged }) => acknowledged),
    failures: reports.flatMap(({ failures }) => failures), traces: reports.flatMap(({ traces }) => traces), cells,
    violations: {
      lost: sum(({ violations }) => violations.lost), corrupt: sum(({ violations }) => violations.corrupt), stuck: sum(({ violations }) => violations.stuck),
      duplicated: sum(({ violations }) => violations.duplicated), diverged: sum(({ violations }) => violations.diverged),
      disobeyed: sum(({ violations }) => violations.disobeyed), ledger: sum(({ violations }) => violations.ledger),
    },
  }
}

/** One hash over the traces of all seeds. */
export function traceHashOf({ traces }: Report): string {
  return createHash('sha256').update(traces.join()).digest('hex').slice(0, 16)
}

export function coverageOf({ cells }: Report): Coverage {
  const all = nonTrivialCells()
  return {
    unvisited: all.filter((cell) => !cells.has(cell) && UNREACHED[cell] === undefined && !RARE.has(cell)),
    wronglyListed: Object.keys(UNREACHED).filter((cell) => cells.has(cell) || !all.includes(cell)),
  }
}

/** The fewest decisions of a failing seed that still fail in the same way. */
export function shrinkSeed(platform: Platform, { seed, violations }: Failure, maxRuns: number): Promise<readonly Action[]> {
  const wanted = new Set(violations.map(({ is }) => is))
  return shrink(planOf(seed), async (actions) => {
    const outcome = await simulate(seed, { platform, actions })
    return outcome.violations.some(({ is }) => wanted.has(is))
  }, maxRuns)
}
