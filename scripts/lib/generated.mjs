// Files that scripts write and that are committed all the same.
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { root } from './run.mjs'

/**
 * Writes the file; with `--check` on the command line only compares.
 *
 * @param {string} path from the root of the workspace
 * @param {string} text
 * @returns {boolean} false when the committed file is not `text`
 */
export function keep(path, text) {
  const file = join(root, path)
  if (!process.argv.includes('--check')) {
    writeFileSync(file, text)
    return true
  }
  const isFresh = existsSync(file) && readFileSync(file, 'utf8') === text
  if (!isFresh) console.error(`${path} is out of date. Run: pnpm generate`)
  return isFresh
}
