// `pnpm mutants [--only text]`: takes one guard after the other out of a copy of core's source; the simulator has to notice each.
import { spawn } from 'node:child_process'
import { cp, mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises'
import { availableParallelism, tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { parseArgs } from 'node:util'
import type * as Ledger from '../packages/core/test/ledger/model.ts'
import { AWAITED, filesOf, mutate, MUTANTS, type Mutant } from '../packages/core/test/simulator/mutants.ts'

const SEEDS = 2_000
const root = fileURLToPath(new URL('..', import.meta.url))

const { values: options } = parseArgs({ options: { only: { type: 'string', default: '' } } })
const waiting = MUTANTS.filter(({ name }) => name.includes(options.only))
const survivors: string[] = []
await Promise.all(Array.from({ length: availableParallelism() }, async () => {
  for (let mutant = waiting.shift(); mutant !== undefined; mutant = waiting.shift()) await judge(mutant)
}))
for (const awaited of AWAITED) await look(awaited)
if (survivors.length > 0) {
  console.error(`\nnot caught, by the model or within ${SEEDS} seeds: ${survivors.join('; ')}`)
  process.exitCode = 1
}

async function judge(mutant: Mutant): Promise<void> {
  const copy = await mkdtemp(join(tmpdir(), 'bse-mutant-'))
  try {
    await copyCore(copy)
    for (const file of filesOf(mutant)) {
      const path = join(copy, 'packages/core/src', file)
      await writeFile(path, mutate(await readFile(path, 'utf8'), mutant, file))
    }
    const found = await noticed(copy, mutant)
    if (found === undefined) survivors.push(mutant.name)
    console.log(`${found === undefined ? 'SURVIVED' : 'caught  '}  ${mutant.name}${found === undefined ? '' : `: ${found}`}`)
  } finally {
    await rm(copy, { recursive: true, force: true })
  }
}

function noticed(copy: string, { by }: Mutant): Promise<string | undefined> {
  if (by === undefined) return firstFailure(copy)
  return by === 'ledger model' ? firstObjection(copy) : redTest(copy, by)
}

async function look({ guard, sign }: (typeof AWAITED)[number]): Promise<void> {
  const isBuilt = sign.text.test(await readFile(join(root, 'packages/core/src', sign.file), 'utf8'))
  console.log(isBuilt ? `MISSING   ${guard}: its part is there now, and has no mutant` : `awaited   ${guard}: its part is not built yet`)
  if (isBuilt) process.exitCode = 1
}

async function copyCore(copy: string): Promise<void> {
  const core = join('packages', 'core')
  await mkdir(join(copy, core), { recursive: true })
  await mkdir(join(copy, 'scripts'))
  await Promise.all([
    cp(join(root, core, 'src'), join(copy, core, 'src'), { recursive: true }),
    cp(join(root, core, 'test'), join(copy, core, 'test'), { recursive: true }),
    cp(join(root, core, 'package.json'), join(copy, core, 'package.json')),
    ...['simulate.ts', 'simulate-worker.ts'].map((file) => cp(join(root, 'scripts', file), join(copy, 'scripts', file))),
    symlink(join(root, core, 'node_modules'), join(copy, core, 'node_modules')),
    symlink(join(root, 'node_modules'), join(copy, 'node_modules')),
    writeFile(join(copy, 'package.json'), '{"type":"module"}'),
  ])
}

/** What the model of the ledger says, run over the mutated source; `undefined` when it is content. */
async function firstObjection(copy: string): Promise<string | undefined> {
  const { exploreLedger } = (await import(pathToFileURL(join(copy, 'packages/core/test/ledger/model.ts')).href)) as typeof Ledger
  const [objection] = Object.entries(exploreLedger().objections).flatMap(([name, worlds]) => (worlds.length > 0 ? [name] : []))
  return objection === undefined ? undefined : `ledger model, ${objection}`
}

/** The first test of a file that fails over the mutated source; `undefined` when none does. */
async function redTest(copy: string, file: string): Promise<string | undefined> {
  const vitest = join(root, 'node_modules/vitest/vitest.mjs')
  const reportFile = join(copy, 'report.json')
  const { code } = await run(copy, [vitest, 'run', '--root', copy, '--reporter', 'json', '--outputFile', reportFile, join('packages/core/test', file)])
  const report = JSON.parse(await readFile(reportFile, 'utf8')) as { readonly numTotalTests: number; readonly testResults: readonly { readonly assertionResults: readonly { readonly status: string; readonly title: string }[] }[] }
  const failed = report.testResults.flatMap(({ assertionResults }) => assertionResults).find(({ status }) => status === 'failed')
  if (failed !== undefined) return `${file}, ${failed.title}`
  if (code !== 0 || report.numTotalTests === 0) throw new Error(`${file} did not run`)
  return undefined
}

/** The first seed that fails and why; `undefined` when none does. A mutant that breaks the process is caught as well. */
async function firstFailure(copy: string): Promise<string | undefined> {
  const { code, signal, output, errors } = await run(copy, ['scripts/simulate.ts', '--seeds', String(SEEDS), '--first'])
  const [, seed, why] = /^seed (\d+) failed:\n\s*(.*)$/m.exec(output) ?? []
  if (seed !== undefined) return `seed ${seed}, ${why?.slice(0, 110)}`
  if (output.includes(`${SEEDS} seeds,`)) return undefined
  if (signal !== null) throw new Error(`a run was ended by ${signal}`)
  return `the run broke (${code}): ${errors.trim().split('\n').find((line) => line.includes('Error')) ?? 'no word'}`
}

interface Ended {
  readonly code: number | null
  readonly signal: string | null
  readonly output: string
  readonly errors: string
}

function run(cwd: string, args: readonly string[]): Promise<Ended> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, ['--conditions=@bse/source', ...args], { cwd, stdio: ['ignore', 'pipe', 'pipe'] })
    let [output, errors] = ['', '']
    child.stdout.on('data', (chunk: Buffer) => { output += String(chunk) })
    child.stderr.on('data', (chunk: Buffer) => { errors += String(chunk) })
    child.on('error', reject)
    child.on('close', (code, signal) => resolve({ code, signal, output, errors }))
  })
}
