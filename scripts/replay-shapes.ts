// `pnpm replay-shapes DIR [--only name,name] [--on postgres|pglite] [--verbose]`: has the recorded conversations of a folder with the shape
// endpoint on both databases and prints where the answers differ. docs/spec/shapes.md
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { pgliteBackend, postgresBackend, type Backend } from '../packages/server/test/shapes/replay/backend.ts'
import { converse, type StepResult } from '../packages/server/test/shapes/replay/conversation.ts'
import { expectedDifference } from '../packages/server/test/shapes/replay/expected.ts'
import type { Recording } from '../packages/server/test/shapes/replay/recording.ts'
import { startPostgres } from './services/postgres.ts'

const AT_ONCE = 6

const { positionals, values: options } = parseArgs({
  allowPositionals: true,
  options: { only: { type: 'string' }, on: { type: 'string' }, verbose: { type: 'boolean', default: false } },
})
const folder = positionals[0]
if (folder === undefined) throw new Error('usage: replay-shapes DIR [--only name,name] [--on postgres|pglite] [--verbose]')

const only = options.only?.split(',')
const recordings = readdirSync(folder).filter((file) => file.endsWith('.json')).map((file) => JSON.parse(readFileSync(join(folder, file), 'utf8')) as Recording)
const chosen = recordings.filter(({ name }) => only?.includes(name) ?? true)
if (chosen.length === 0) throw new Error('no recording there')

let failed = 0
if (options.on !== 'pglite') await onPostgres()
if (options.on !== 'postgres') await replayAll('pglite', () => pgliteBackend())
console.log(failed === 0 ? 'No difference that is not expected.' : `${failed} scenarios differ.`)
process.exitCode = failed === 0 ? 0 : 1

/** A server for each conversation under way: a snapshot names the running transactions of the whole server. */
async function onPostgres(): Promise<void> {
  const servers = await Promise.all(Array.from({ length: AT_ONCE }, () => startPostgres()))
  try {
    await replayAll('postgres', (name, worker) => postgresBackend(servers[worker]?.url ?? '', `replay_${name}`))
  } finally {
    for (const server of servers) await server.stop()
  }
}

async function replayAll(name: Backend['name'], open: (recording: string, worker: number) => Promise<Backend>): Promise<void> {
  console.log(`\n${name}`)
  const waiting = [...chosen]
  const work = async (worker: number): Promise<void> => {
    for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) await replay(next, name, (recording) => open(recording, worker))
  }
  await Promise.all(Array.from({ length: AT_ONCE }, (_, worker) => work(worker)))
}

async function replay(recording: Recording, on: Backend['name'], open: (recording: string) => Promise<Backend>): Promise<void> {
  const unsupported = unsupportedOn(recording, on)
  if (unsupported !== undefined) return console.log(`  unsupported  ${recording.name}: ${unsupported}`)
  const results = await open(recording.name).then((backend) => converse(recording, backend)).catch((error: unknown): StepResult[] => [{ step: -1, note: 'failed', differences: [String(error)] }])
  const differing = results.filter(({ differences }) => differences.length > 0)
  const unexpected = differing.filter((result) => expectedDifference(recording, result, on) === undefined)
  if (unexpected.length > 0) failed += 1
  const word = unexpected.length > 0 ? 'DIFFERS' : differing.length > 0 ? 'expected' : 'matched'
  console.log(`  ${word.padEnd(11)}  ${recording.name}: ${results.length - differing.length} of ${results.length} steps match`)
  for (const result of options.verbose ? differing : unexpected) print(result, expectedDifference(recording, result, on))
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
