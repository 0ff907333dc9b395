// `pnpm test`: everything CI runs, step by step. `pnpm test:long` (`--long`) runs what takes too long for CI instead.
// Ends with `N passed, N failed`; before it, a line `not run: …` for what this machine cannot be given.
import { mkdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { ensureChromium, ensureFirefox } from './browsers.mjs'
import { aptInstall, hasCommand } from './lib/apt.mjs'
import { isNodeRecent, missingDependencies, oldestNode } from './lib/installed.mjs'
import { memoryFolder } from './lib/memory-folder.mjs'
import { countPlaywright, countVitest, readCounts } from './lib/reports.mjs'
import { forwardSignals, root, run } from './lib/run.mjs'

/** Full names of tests that may be skipped, each with its reason. Any other skipped test counts as failed. */
const mayBeSkipped = new Map(/** @type {readonly (readonly [name: string, reason: string])[]} */ ([]))

const cephPackages = ['radosgw', 'ceph-mon', 'ceph-osd', 'ceph-common']
/** They run against Ceph's S3 gateway, which scripts/services starts. */
const s3Tests = ['packages/blob-s3/test/ceph/**', 'packages/blob-tus/test/ceph/**', 'packages/server/test/ceph/**', 'examples/mounts/test/ceph/**', 'examples/family-photos/test/ceph/**', 'scripts/cuts/ceph/**']

/** They run against a Postgres 15 of their own, which scripts/services starts. */
const shapeTests = ['client', 'client.long', 'change-order', 'endpoint'].map((name) => `packages/server/test/shapes/${name}.test.ts`)

/**
 * Commands that tests use, with the Debian packages that have them and the test files that cannot run without.
 *
 * @type {readonly { command: string, debianPackages: string[], files: string[], isLong?: true }[]}
 */
const tools = [
  { command: 'strace', debianPackages: ['strace'], files: ['packages/cache-fs/test/crash-sweep.test.ts', 'packages/cache-fs/test/disk-faults.test.ts', 'packages/server/test/disk-full.test.ts', 'packages/state-sqlite/test/crash.test.ts'] },
  { command: 'pg_lsclusters', debianPackages: ['postgresql'], files: ['packages/server/test/postgres-locker.test.ts', 'scripts/services/postgres.test.ts', ...shapeTests] },
  { command: 'sha256sum', debianPackages: ['coreutils'], files: ['packages/core/test/hash/hash.test.ts'] },
  { command: 'radosgw', debianPackages: cephPackages, files: s3Tests },
  { command: 'slowhttptest', debianPackages: ['slowhttptest'], files: ['packages/server/test/slow-attacks.long.test.ts'], isLong: true },
]

const reports = join(root, '.reports')
const isLong = process.argv.includes('--long')
const total = { passed: 0, failed: 0 }
/** @type {string[]} */
const failedSteps = []
/** @type {string[]} */
const notRun = []
/** @type {string[]} */
const excluded = []
let hasChromium = false
let hasFirefox = false

forwardSignals()
rmSync(reports, { recursive: true, force: true })
mkdirSync(reports, { recursive: true })
if ((await step('Node and dependencies', checkMachine)) && (await step('tools', getTools))) await (isLong ? runLong() : runAll())
finish()

async function runAll() {
  await step('browsers', getBrowsers)
  await step('check', () => run('node', ['scripts/check.mjs']))
  await step('build', () => run('turbo', ['run', 'build', '--output-logs=errors-only']))
  await step('node tests', () => vitest('node'))
  if (hasChromium) await step('chromium tests', () => vitest('chromium'))
  if (hasFirefox) await step('firefox tests', () => vitest('firefox'))
  if (hasChromium || hasFirefox) await step('e2e tests', playwright)
  await step('consumer checks', () => run('node', ['scripts/consumer.mjs', ...(hasChromium ? [] : ['--no-browser'])]))
}

async function runLong() {
  await step('build', () => run('turbo', ['run', 'build', '--output-logs=errors-only']))
  await step('long tests', () => vitest('long'))
}

/**
 * Prints a heading, runs the step, and keeps its result. A step that fails without naming a failed test counts as one failure.
 *
 * @param {string} name
 * @param {() => Promise<number> | number} work resolves with an exit status
 * @returns {Promise<boolean>} whether it passed
 */
async function step(name, work) {
  console.log(`\n== ${name}`)
  const startedAtMs = performance.now()
  const failedBefore = total.failed
  const status = await work()
  const seconds = ((performance.now() - startedAtMs) / 1_000).toFixed(1)
  if (status !== 0 && total.failed === failedBefore) total.failed += 1
  const isGood = status === 0 && total.failed === failedBefore
  if (!isGood) failedSteps.push(name)
  console.log(`== ${name}: ${isGood ? 'ok' : `failed (exit status ${status})`}, ${seconds} s`)
  return isGood
}

function checkMachine() {
  console.log(`Node ${process.versions.node}, ${process.platform} ${process.arch}`)
  if (!isNodeRecent(process.versions.node)) {
    console.error(`Node ${oldestNode.join('.')} or newer is needed. On Linux the install brings it; run this by pnpm, and look above for a failed install.`)
    return 1
  }
  const missing = missingDependencies()
  if (missing.length > 0) console.error(`The install is not complete:\n  ${missing.join('\n  ')}`)
  return missing.length === 0 ? 0 : 1
}

function getTools() {
  for (const { command, debianPackages, files } of tools.filter((tool) => isLong || tool.isLong !== true)) {
    const refusal = hasCommand(command) ? undefined : aptInstall(debianPackages)
    if (refusal === undefined) continue
    notRun.push(`${files.join(', ')} (no ${command}: ${refusal})`)
    excluded.push(...files)
  }
  return 0
}

function getBrowsers() {
  const chromium = ensureChromium()
  hasChromium = chromium !== undefined
  console.log(chromium ?? 'No Chromium was found and none could be installed. Set CHROMIUM_PATH to the executable of one.')
  if (!hasChromium) notRun.push('chromium tests, e2e tests in Chromium, consumer apps (no Chromium)')
  const firefox = ensureFirefox()
  hasFirefox = firefox !== undefined
  console.log(firefox ?? 'No Firefox was found and none could be installed. Set FIREFOX_PATH to the executable of one.')
  if (!hasFirefox) notRun.push('firefox tests, e2e tests in Firefox (no Firefox)')
  return 0
}

/** @param {'node' | 'chromium' | 'firefox' | 'long'} project */
async function vitest(project) {
  const report = join(reports, `${project}.json`)
  const args = ['run', '--project', project, '--reporter=default', '--reporter=json', `--outputFile.json=${report}`]
  if (project === 'long') args.push('--passWithNoTests')
  // Most tests in Node wait for a server or a disk: one worker a core would leave the cores idle.
  if (project === 'node') args.push('--maxWorkers=3')
  const memory = project === 'firefox' ? memoryFolder() : undefined
  const env = { BSE_EXCLUDED_TESTS: excluded.join(','), ...(memory === undefined ? {} : { TMPDIR: memory }) }
  const status = await run('vitest', args, { env })
  return add(readCounts(report, countVitest), status)
}

async function playwright() {
  const config = join(root, 'e2e', 'playwright.config.ts')
  const report = join(reports, 'e2e.json')
  const projects = [...(hasChromium ? ['--project=chromium'] : []), ...(hasFirefox ? ['--project=firefox'] : [])]
  const status = await run('pnpm', ['--dir', 'e2e', 'exec', 'playwright', 'test', '-c', config, '--reporter=list,json', ...projects], {
    env: { PLAYWRIGHT_JSON_OUTPUT_NAME: report },
  })
  return add(readCounts(report, countPlaywright), status)
}

/**
 * @param {import('./lib/reports.mjs').Counts | undefined} counts
 * @param {number} status the runner's own exit status
 * @returns {number}
 */
function add(counts, status) {
  if (counts === undefined) {
    console.error('The runner left no report.')
    return status === 0 ? 1 : status
  }
  const unnamed = counts.skipped.filter((name) => !mayBeSkipped.has(name))
  for (const name of unnamed) console.error(`Skipped, which counts as failed: ${name}`)
  total.passed += counts.passed
  total.failed += counts.failed + unnamed.length
  return status
}

function finish() {
  console.log('')
  if (failedSteps.length > 0) console.log(`Failed steps: ${failedSteps.join(', ')}`)
  for (const what of notRun) console.log(`not run: ${what}`)
  console.log(`${total.passed} passed, ${total.failed} failed`)
  process.exitCode = total.failed === 0 ? 0 : 1
}
