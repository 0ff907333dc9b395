// Runs commands of the workspace one after another, and leaves no process behind: not after a failure, not after Ctrl-C.
import { spawn } from 'node:child_process'
import { constants } from 'node:os'
import { delimiter, join } from 'node:path'
import { fileURLToPath } from 'node:url'

export const root = fileURLToPath(new URL('../..', import.meta.url))

const GRACE_MS = 5_000
const isWindows = process.platform === 'win32'
// One group for everything below the outermost script, so that it can end all of it whatever a script in between does.
const makesGroups = !isWindows && process.env.BSE_IN_GROUP === undefined

/** @typedef {{ env?: Record<string, string>, cwd?: string, quiet?: boolean, pipe?: boolean }} Options `quiet` keeps errors and drops the rest, which `pipe` gives to the caller */

/** @type {Set<import('node:child_process').ChildProcess>} */
const running = new Set()
let stopping = false

/**
 * Starts a command of the workspace; its own `node` and tools come first in PATH.
 *
 * @param {string} command
 * @param {readonly string[]} args
 * @param {Options} [options]
 * @returns {import('node:child_process').ChildProcess} its output goes where ours goes; it has no standard input
 */
export function start(command, args, options = {}) {
  const path = [join(root, 'node_modules', '.bin'), process.env.PATH ?? ''].join(delimiter)
  const child = spawn(command, [...args], {
    cwd: options.cwd ?? root,
    env: { ...process.env, TURBO_TELEMETRY_DISABLED: '1', BSE_IN_GROUP: '1', PATH: path, ...options.env },
    stdio: ['ignore', options.pipe ? 'pipe' : options.quiet ? 'ignore' : 'inherit', 'inherit'],
    detached: makesGroups,
    shell: isWindows,
  })
  running.add(child)
  return child
}

/**
 * Resolves when the command has ended and what it started has been told to end too.
 *
 * @param {import('node:child_process').ChildProcess} child
 * @returns {Promise<number>} its exit status; 127 when it could not be started, 128 + n when signal n ended it
 */
export function ended(child) {
  return new Promise((resolve) => {
    child.once('error', (error) => {
      running.delete(child)
      console.error(error.message)
      resolve(127)
    })
    child.once('exit', (code, signal) => {
      running.delete(child)
      signalGroup(child, 'SIGTERM')
      resolve(code ?? 128 + (signal === null ? 0 : constants.signals[signal]))
    })
  })
}

/**
 * @param {string} command
 * @param {readonly string[]} args
 * @param {Options} [options]
 * @returns {Promise<number>} the exit status
 */
export function run(command, args, options) {
  return ended(start(command, args, options))
}

/**
 * Passes SIGINT, SIGTERM and SIGHUP on to everything that runs, and waits for it to end.
 *
 * @param {{ exit: boolean }} [options] whether to end then with the signal's status; if not, the caller ends as its child did
 */
export function forwardSignals({ exit } = { exit: true }) {
  for (const signal of /** @type {const} */ (['SIGINT', 'SIGTERM', 'SIGHUP'])) {
    process.on(signal, () => {
      if (stopping) return
      stopping = true
      void stopAll(signal).then(() => exit && process.exit(128 + constants.signals[signal]))
    })
  }
}

/** @param {NodeJS.Signals} signal */
async function stopAll(signal) {
  const children = [...running]
  const gone = Promise.all(children.map((child) => new Promise((resolve) => child.once('exit', resolve))))
  for (const child of children) signalGroup(child, signal)
  const timer = setTimeout(() => children.forEach((child) => signalGroup(child, 'SIGKILL')), GRACE_MS)
  await gone
  clearTimeout(timer)
}

/**
 * @param {import('node:child_process').ChildProcess} child
 * @param {NodeJS.Signals} signal
 */
function signalGroup(child, signal) {
  if (child.pid === undefined) return
  try {
    if (makesGroups) process.kill(-child.pid, signal)
    else child.kill(signal)
  } catch (error) {
    // ESRCH: the whole group has ended already, which is what was wanted.
    if (/** @type {NodeJS.ErrnoException} */ (error).code !== 'ESRCH') throw error
  }
}
