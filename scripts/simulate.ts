// `pnpm simulate --seeds 500 [--from 1]` runs seeds; `pnpm simulate --seed 42 --trace` shows one. docs/spec/simulator.md
import { once } from 'node:events'
import { availableParallelism } from 'node:os'
import { parseArgs } from 'node:util'
import { Worker } from 'node:worker_threads'
import { nonTrivialCells } from '../packages/core/test/simulator/cells.ts'
import { campaign, coverageOf, shrinkSeed, together, traceHashOf, type Coverage, type Failure, type Report } from '../packages/core/test/simulator/campaign.ts'
import { installPlatform, type Platform } from '../packages/core/test/simulator/platform.ts'
import { planOf, type Action } from '../packages/core/test/simulator/plan.ts'
import { simulate } from '../packages/core/test/simulator/simulate.ts'
import { UNREACHED } from '../packages/core/test/simulator/unreached.ts'

const COVERAGE_FROM_SEEDS = 500
const SHRINK_RUNS = 250
const MAX_FAILURES = 5
const SEEDS_OF_A_WORKER = 250

const { values: options } = parseArgs({
  options: {
    seeds: { type: 'string', default: '500' }, from: { type: 'string', default: '1' }, seed: { type: 'string' }, keep: { type: 'string' },
    trace: { type: 'boolean', default: false }, cells: { type: 'boolean', default: false }, first: { type: 'boolean', default: false },
    jobs: { type: 'string', default: String(availableParallelism()) },
  },
})

const platform = await installPlatform()
const failed = options.seed === undefined ? await many(platform) : await one(platform, Number(options.seed))
process.exitCode = failed ? 1 : 0

async function many(on: Platform): Promise<boolean> {
  const [from, count] = [Number(options.from), Number(options.seeds)]
  const report = options.first ? await campaign(on, from, count, told) : together(await inWorkers(from, count))
  const { failures } = report
  const { unvisited, wronglyListed } = print(report)
  for (const failure of options.first ? [] : failures.slice(0, MAX_FAILURES)) {
    const kept = await shrinkSeed(on, failure, SHRINK_RUNS)
    console.log(`\nseed ${failure.seed} fails with ${kept.length} of ${planOf(failure.seed).length} decisions. Replay it:`)
    console.log(`  pnpm simulate --seed ${failure.seed} --trace`)
    console.log(`  pnpm simulate --seed ${failure.seed} --trace --keep ${indexesOf(failure.seed, kept).join()}`)
  }
  const uncovered = report.seeds >= COVERAGE_FROM_SEEDS && (unvisited.length > 0 || wronglyListed.length > 0)
  return failures.length > 0 || uncovered
}

/** Tells of a failing seed; the first of them ends a campaign. */
function told(failure: Failure): boolean {
  console.log(`seed ${failure.seed} failed:\n${describe(failure)}`)
  return false
}

/** Some hundred seeds at a time, each in a thread of its own; a seed runs the same in any. The reports are in the order of the seeds. */
async function inWorkers(from: number, count: number): Promise<readonly Report[]> {
  const starts = Array.from({ length: Math.ceil(count / SEEDS_OF_A_WORKER) }, (_, n) => from + n * SEEDS_OF_A_WORKER)
  const reports: Report[] = []
  const next = starts.entries()
  let failed = 0
  await Promise.all(Array.from({ length: Number(options.jobs) }, async () => {
    for (const [place, start] of next) {
      if (failed >= MAX_FAILURES) return
      const workerData = { from: start, count: Math.min(SEEDS_OF_A_WORKER, from + count - start) }
      const worker = new Worker(new URL('simulate-worker.ts', import.meta.url), { workerData })
      const [report] = (await once(worker, 'message')) as [Report]
      report.failures.forEach(told)
      failed += report.failures.length
      reports[place] = report
    }
  }))
  return reports.filter((report) => report !== undefined)
}

async function one(on: Platform, seed: number): Promise<boolean> {
  const plan = planOf(seed)
  const actions = options.keep === undefined ? plan : options.keep.split(',').flatMap((index) => plan[Number(index)] ?? [])
  const outcome = await simulate(seed, { platform: on, actions, keepTrace: options.trace })
  if (options.trace) console.log(outcome.lines.join('\n'))
  console.log(`seed ${seed}: trace ${outcome.traceHash}, ${outcome.writes} writes, ${outcome.crashes} crashes, ${outcome.violations.length} violations`)
  if (outcome.violations.length > 0) console.log(describe({ seed, violations: outcome.violations }))
  return outcome.violations.length > 0
}

function describe({ violations }: Failure): string {
  return violations.map(({ is, what }) => `  ${is}: ${what}`).join('\n')
}

function indexesOf(seed: number, kept: readonly Action[]): readonly number[] {
  return planOf(seed).flatMap((action, index) => (kept.some((one) => one.salt === action.salt && one.kind === action.kind && one.device === action.device) ? [index] : []))
}

function print(report: Report): Coverage {
  const { seeds, crashes, writes, acknowledged, violations, cells } = report
  const coverage = coverageOf(report)
  const { unvisited, wronglyListed } = coverage
  console.log(`${seeds} seeds, ${crashes} crashes, ${writes} writes, ${acknowledged} of them acknowledged`)
  console.log(Object.entries(violations).map(([is, count]) => `${count} ${is}`).join(', '))
  console.log(`trace ${traceHashOf(report)}`)
  const visited = nonTrivialCells().filter((cell) => cells.has(cell))
  console.log(`${visited.length} cells visited, ${Object.keys(UNREACHED).length} out of reach, ${unvisited.length} missed`)
  for (const cell of visited) if (options.cells || seeds >= COVERAGE_FROM_SEEDS) console.log(`  ${String(cells.get(cell)).padStart(8)}  ${cell}`)
  for (const cell of unvisited) console.log(`    missed  ${cell}`)
  for (const cell of wronglyListed) console.log(`  listed as out of reach, but visited or unknown: ${cell}`)
  return coverage
}
