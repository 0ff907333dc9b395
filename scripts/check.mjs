// `pnpm check`: everything that can be known without running a test. Runs all of it and names what failed.
import { forwardSignals, run } from './lib/run.mjs'
import { packAll, packagesIn, tarballOf } from './lib/packages.mjs'

/** @type {readonly (readonly [name: string, command: string, args: readonly string[]])[]} */
const checks = [
  ['types', 'tsc', ['-p', '.']],
  ['types of the sample as the RFC has it', 'tsc', ['-p', 'packages/bse/test/rfc']],
  ['types of scripts', 'tsc', ['-p', 'scripts']],
  ['lint', 'oxlint', ['--type-aware', '--deny-warnings']],
  ['unused files, exports and dependencies', 'knip', ['--no-config-hints', '--exclude', 'types']],
  ['docs/acceptance.md and docs/faults.md', 'node', ['scripts/acceptance.mjs', '--check']],
  ['docs/errors.md', 'node', ['scripts/errors-doc.mjs', '--check']],
  ['docs/options.md', 'node', ['scripts/options-doc.mjs', '--check']],
  ['build of the packages', 'turbo', ['run', 'build', '--filter=./packages/*', '--output-logs=errors-only']],
]

forwardSignals()
/** @type {string[]} */
const failed = []
for (const [name, command, args] of checks) await check(name, () => run(command, args))
await check('packed packages', checkPacked)

if (failed.length > 0) {
  console.error(`\ncheck failed: ${failed.join('; ')}`)
  process.exitCode = 1
}

/**
 * @param {string} name
 * @param {() => Promise<number>} work
 */
async function check(name, work) {
  console.log(`- ${name}`)
  if ((await work()) !== 0) failed.push(name)
}

/** What a user would install: do `exports`, files and types fit together? */
async function checkPacked() {
  if (!(await packAll())) return 1
  const tarballs = packagesIn('packages').map(({ manifest }) => tarballOf(manifest))
  let worst = 0
  for (const tarball of tarballs) {
    worst = Math.max(worst, await run('publint', [tarball, '--strict']))
    worst = Math.max(worst, await run('attw', [tarball, '--profile', 'esm-only', '--format', 'ascii', '--quiet']))
  }
  return worst
}
