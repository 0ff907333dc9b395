// Finds Chromium and Firefox for tests; run as a program it also installs them: `node scripts/browsers.mjs`.
import { spawnSync } from 'node:child_process'
import { existsSync, realpathSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { chromium } from 'playwright'
import { aptInstall } from './lib/apt.mjs'

/** Quiet flags: without them Chromium looks up its maker's hosts at every start, which a closed network refuses. */
export const chromiumFlags = [
  '--no-sandbox',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
  '--no-first-run',
  '--disable-quic',
]

/** @returns {string | undefined} the executable of a Chromium on this machine */
export function findChromium() {
  const candidates = [process.env.CHROMIUM_PATH, chromium.executablePath(), '/usr/bin/chromium', '/usr/bin/google-chrome']
  return candidates.find((path) => path !== undefined && path !== '' && existsSync(path))
}

/** @returns {string | undefined} the executable of a Chromium, installed if there was none; `undefined` when none can be had */
export function ensureChromium() {
  const found = findChromium()
  if (found !== undefined) return found
  const refusal = aptInstall(['chromium'])
  if (refusal === undefined) return findChromium()
  console.log(`${refusal}; asking Playwright for its own Chromium`)
  spawnSync('playwright', ['install', 'chromium'], { stdio: ['ignore', 'inherit', 'inherit'], shell: process.platform === 'win32' })
  return findChromium()
}

/** A stock Firefox speaks WebDriver BiDi, not the protocol of Playwright's own patched build: this name makes Playwright use it. */
export const firefoxChannel = 'moz-firefox'

/** @returns {string | undefined} the executable of a stock Firefox on this machine; Playwright's own build does not count */
export function findFirefox() {
  const candidates = [process.env.FIREFOX_PATH, '/usr/bin/firefox-esr', '/usr/bin/firefox', '/Applications/Firefox.app/Contents/MacOS/firefox']
  return candidates.find((path) => path !== undefined && path !== '' && existsSync(path))
}

/** @returns {string | undefined} the executable of a Firefox, installed if there was none; `undefined` when none can be had */
export function ensureFirefox() {
  const found = findFirefox()
  if (found !== undefined) return found
  const refusal = aptInstall(['firefox-esr'])
  if (refusal !== undefined) console.log(refusal)
  return findFirefox()
}

function main() {
  report('Chromium', ensureChromium(), 'Install Chromium or Chrome, or set CHROMIUM_PATH to its executable, then run this again.')
  report('Firefox', ensureFirefox(), 'Install Firefox, or set FIREFOX_PATH to its executable, then run this again.')
}

/**
 * @param {string} name
 * @param {string | undefined} path
 * @param {string} advice
 */
function report(name, path, advice) {
  if (path !== undefined) {
    console.log(`${name}: ${path}`)
    return
  }
  console.error(`No ${name} was found and none could be installed. ${advice}`)
  process.exitCode = 1
}

const program = process.argv[1]
if (program !== undefined && existsSync(program) && realpathSync(program) === realpathSync(fileURLToPath(import.meta.url))) main()
