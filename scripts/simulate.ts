// `pnpm simulate --seeds 500 [--from 1]` runs seeds; `pnpm simulate --seed 42 --trace` shows one. docs/spec/simulator.md
import { parseArgs } from 'node:util'
import { nonTrivialCells } from '../packages/core/test/simulator/cells.ts'
import { campaign, shrinkSeed, type Failure, type Report } from '../packages/core/test/simulator/campaign.ts'
import { installPlatform, type Platform } from '../packages/core/test/simulator/platform.ts'
import { planOf, type Action } from '../packages/core/test/simulator/plan.ts'
import { simulate } from '../packages/core/test/simulator/simulate.ts'
import { UNREACHED } from '../packages/core/test/simulator/unreached.ts'

const COVERAGE_FROM_SEEDS = 500
const SHRINK_RUNS = 250
const MAX_FAILURES = 5

const { values: options } = parseArgs({
  options: {
    seeds: { type: 'string', default: '500' }, from: { type: 'string', default: '1' }, seed: { type: 'string' }, keep: { type: 'string' },
    trace: { type: 'boolean', default: false }, cells: { type: 'boolean', default: false }, first: { type: 'boolean', default: false },
  },
})

const platform = await installPlatform()
const failed = options.seed === undefined ? await many(platform) : await one(platform, Number(options.seed))
process.exitCode = failed ? 1 : 0

async function many(on: Platform): Promise<boolean> {
  const failures: Failure[] = []
  const report = await campaign(on, Number(options.from), Number(options.seeds), (failure) => {
    failures.push(failure)
    console.log(`seed ${failure.seed} failed:\n${describe(failure)}`)
    return failures.length < (options.first ? 1 : MAX_FAILURES)
  })
  print(report)
  for (const failure of options.first ? [] : failures) {
    const kept = await shrinkSeed(on, failure, SHRINK_RUNS)
    console.log(`\nseed ${failure.seed} fails with ${kept.length} of ${planOf(failure.seed).length} decisions. Replay it:`)
    console.log(`  pnpm simulate --seed ${failure.seed} --trace`)
    console.log(`  pnpm simulate --seed ${failure.seed} --trace --keep ${indexesOf(failure.seed, kept).join()}`)
  }
  const uncovered = report.seeds >= COVERAGE_FROM_SEEDS && (report.unvisited.length > 0 || report.wronglyListed.length > 0)
  return failures.length > 0 || uncovered
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

function print(report: Report): void {
  const { seeds, crashes, writes, acknowledged, violations, traceHash, cells, unvisited, wronglyListed } = report
  console.log(`${seeds} seeds, ${crashes} crashes, ${writes} writes, ${acknowledged} of them acknowledged`)
  console.log(Object.entries(violations).map(([is, count]) => `${count} ${is}`).join(', '))
  console.log(`trace ${traceHash}`)
  const visited = nonTrivialCells().filter((cell) => cells.has(cell))
  console.log(`${visited.length} cells visited, ${Object.keys(UNREACHED).length} out of reach, ${unvisited.length} missed`)
  for (const cell of visited) if (options.cells || seeds >= COVERAGE_FROM_SEEDS) console.log(`  ${String(cells.get(cell)).padStart(8)}  ${cell}`)
  for (const cell of unvisited) console.log(`    missed  ${cell}`)
  for (const cell of wronglyListed) console.log(`  listed as out of reach, but visited or unknown: ${cell}`)
}
