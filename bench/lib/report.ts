import { mkdir, writeFile } from 'node:fs/promises'
import { cpus, loadavg } from 'node:os'
import { join } from 'node:path'
import type { Measured, Ratio } from './measure.ts'

export interface Report {
  readonly suite: string
  readonly versions: Readonly<Record<string, string>>
  readonly rounds: number
  readonly measured: readonly Measured[]
  readonly ratios: readonly Ratio[]
}

/** Prints tables that can be pasted into docs/performance.md, and writes the same as JSON. Never judges: a bench fails only when it cannot run. */
export async function report(result: Report): Promise<void> {
  const machine = { cpus: cpus().length, load: loadavg()[0] ?? 0 }
  const versions = Object.entries(result.versions).map(([name, version]) => `${name} ${version}`).join(', ')
  console.log(`\n### ${result.suite}\n\n${result.rounds} rounds after a warm-up, medians. ${machine.cpus} cores, load ${machine.load.toFixed(1)} at the end. ${versions}.\n`)
  console.log('| work | by | median, ms | least to most, ms | rate |\n| --- | --- | --- | --- | --- |')
  for (const { group, contender, medianMs, leastMs, mostMs, rate } of result.measured) {
    console.log(`| ${group} | ${contender} | ${number(medianMs)} | ${number(leastMs)} to ${number(mostMs)} | ${rate} |`)
  }
  console.log('\n| goal | work | ratio | median | least to most | goal | met |\n| --- | --- | --- | --- | --- | --- | --- |')
  for (const { group, id, what, median, least, most, goal, isMet } of result.ratios) {
    console.log(`| ${id} | ${group} | ${what} | ${number(median)} | ${number(least)} to ${number(most)} | ${goal} | ${isMet ? 'yes' : '**no**'} |`)
  }
  const folder = join(import.meta.dirname, '..', 'results')
  await mkdir(folder, { recursive: true })
  const file = join(folder, `${result.suite}.json`)
  await writeFile(file, `${JSON.stringify({ ...result, machine }, null, 2)}\n`)
  console.log(`\nThe same as JSON: bench/results/${result.suite}.json`)
}

function number(value: number): string {
  return value >= 100 ? value.toFixed(0) : value >= 1 ? value.toFixed(2) : value.toFixed(3)
}
