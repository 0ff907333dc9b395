// `pnpm replay-shapes DIR [--only name,name] [--on postgres|pglite] [--verbose]`: has the recorded conversations of a folder with the shape
// endpoint on both databases and prints where the answers differ. docs/spec/shapes.md
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { Worker } from 'node:worker_threads'
import type { Backend } from '../packages/server/test/shapes/replay/backend.ts'
import type { StepResult } from '../packages/server/test/shapes/replay/conversation.ts'
import { expectedDifference } from '../packages/server/test/shapes/replay/expected.ts'
import type { Recording } from '../packages/server/test/shapes/replay/recording.ts'
import { startPostgres } from './services/postgres.ts'

const AT_ONCE = { postgres: 6, pglite: 3 }

const { positionals, values: options } = parseArgs({
  allowPositionals: true,
  options: { only: { type: 'string' }, on: { type: 'string' }, verbose: { type: 'boolean', default: false } },
})
const folder = positionals[0]
if (folder === undefined) throw new Error('usage: replay-shapes DIR [--only name,name] [--on postgres|pglite] [--verbose]')

const only = options.only?.split(',')
const files = readdirSync(folder).filter((name) => name.endsWith('.json')).map((name) => join(folder, name))
const recordings = files.map((file) => ({ file, recording: JSON.parse(readFileSync(file, 'utf8')) as Recording }))
const chosen = recordings.filter(({ recording }) => only?.includes(recording.name) ?? true)
if (chosen.length === 0) throw new Error('no recording there')

interface Told {
  readonly file: string
  readonly recording: Recording
}

let failed = 0
let runs = 0
if (options.on !== 'pglite') await onPostgres()
if (options.on !== 'postgres') await replayAll('pglite', () => undefined)
console.log(failed === 0 ? 'No difference that is not expected.' : `${failed} scenarios differ.`)
process.exitCode = failed === 0 ? 0 : 1

/** A server for each conversation under way: a snapshot names the running transactions of the whole server. */
async function onPostgres(): Promise<void> {
  const servers = await Promise.all(Array.from({ length: AT_ONCE.postgres }, () => startPostgres()))
  try {
    await replayAll('postgres', (worker) => servers[worker]?.url)
  } finally {
    for (const server of servers) await server.stop()
  }
}

/** Several at once. What differs has its conversation again, alone, as it was recorded: what is only slow then matches, what is wrong does not. */
async function replayAll(on: Backend['name'], serverUrl: (worker: number) => string | undefined): Promise<void> {
  console.log(`\n${on}`)
  const waiting = [...chosen]
  const again: Told[] = []
  const work = async (worker: number): Promise<void> => {
    for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) if (!(await replay(next, on, serverUrl(worker)))) again.push(next)
  }
  await Promise.all(Array.from({ length: AT_ONCE[on] }, (_, worker) => work(worker)))
  if (again.length > 0) console.log('  again, one at a time')
  for (const next of again) if (!(await replay(next, on, serverUrl(0)))) failed += 1
}

/** Whether all is as expected. */
async function replay({ file, recording }: Told, on: Backend['name'], serverUrl: string | undefined): Promise<boolean> {
  const unsupported = unsupportedOn(recording, on)
  if (unsupported !== undefined) console.log(`  unsupported  ${recording.name}: ${unsupported}`)
  if (unsupported !== undefined) return true
  const results = await inThread(file, serverUrl).catch((error: unknown): readonly StepResult[] => [{ step: -1, note: 'failed', differences: [String(error)] }])
  const differing = results.filter(({ differences }) => differences.length > 0)
  const unexpected = differing.filter((result) => expectedDifference(recording, result, on) === undefined)
  const word = unexpected.length > 0 ? 'DIFFERS' : differing.length > 0 ? 'expected' : 'matched'
  console.log(`  ${word.padEnd(11)}  ${recording.name}: ${results.length - differing.length} of ${results.length} steps match`)
  for (const result of options.verbose ? differing : unexpected) print(result, expectedDifference(recording, result, on))
  return unexpected.length === 0
}

function inThread(file: string, serverUrl: string | undefined): Promise<readonly StepResult[]> {
  return new Promise((resolve, reject) => {
    const worker = new Worker(new URL('replay-shapes-worker.ts', import.meta.url), { workerData: { file, serverUrl, database: `replay_${(runs += 1)}` } })
    worker.once('message', resolve)
    worker.once('error', reject)
    worker.once('exit', () => reject(new Error('the conversation ended without a result')))
  })
}

function print({ differences, note, step }: StepResult, why: string | undefined): void {
  console.log(`      step ${step}${note === '' ? '' : ` (${note})`}${why === undefined ? '' : ` [expected: ${why}]`}`)
  for (const text of differences) console.log(`        ${text}`)
}

/** What cannot be tried at all. */
function unsupportedOn({ name, steps }: Recording, on: Backend['name']): string | undefined {
  if (['health_boot', 'limits', 'postgres_down', 'overload'].includes(name)) return 'needs the recorded service itself: its start, its HTTP limits, its admission'
  const sessions = steps.some((step) => step.session !== undefined || step.during?.some(({ session }) => session !== undefined))
  return on === 'pglite' && sessions ? 'needs two sessions; an embedded database has one' : undefined
}
