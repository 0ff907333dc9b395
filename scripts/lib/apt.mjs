// Gets a Debian package without asking anything, where that is possible.
import { spawnSync } from 'node:child_process'

/**
 * @param {string} name of a command
 * @returns {boolean} whether PATH has it
 */
export function hasCommand(name) {
  return spawnSync('sh', ['-c', `command -v "$1"`, 'sh', name], { stdio: 'ignore' }).status === 0
}

let hasFreshLists = false

/**
 * Installs packages by apt as root, or by `sudo -n`. Package lists are fetched once before: what an old list names may be gone,
 * or be a browser too old to be driven. A machine that cannot fetch them may still have the packages.
 *
 * @param {readonly string[]} packages
 * @returns {string | undefined} why it was not possible, or `undefined` when they are installed
 */
export function aptInstall(packages) {
  if (process.platform !== 'linux' || !hasCommand('apt-get')) return 'this machine has no apt-get'
  const isRoot = process.getuid?.() === 0
  if (!isRoot && spawnSync('sudo', ['-n', 'true'], { stdio: 'ignore' }).status !== 0) return 'not root, and sudo asks for a password'
  const install = ['install', '-y', '--no-install-recommends', ...packages]
  console.log(`apt-get install ${packages.join(' ')}`)
  hasFreshLists ||= aptGet(isRoot, ['update'], 'pipe')
  return aptGet(isRoot, install, 'pipe') || aptGet(isRoot, install, 'inherit') ? undefined : `apt-get could not install ${packages.join(', ')}`
}

/**
 * @param {boolean} isRoot
 * @param {readonly string[]} args
 * @param {'pipe' | 'inherit'} output
 */
function aptGet(isRoot, args, output) {
  const command = ['env', 'DEBIAN_FRONTEND=noninteractive', 'apt-get', '-q', '-o', 'DPkg::Lock::Timeout=120', '-o', 'Acquire::Retries=2', ...args]
  const [name = '', ...rest] = isRoot ? command : ['sudo', '-n', ...command]
  return spawnSync(name, rest, { stdio: ['ignore', output, output], maxBuffer: 64 * 1024 * 1024 }).status === 0
}
