// Writes docs/acceptance.md and docs/faults.md: every promise and every fault, and the tests that prove it.
// `--check` writes nothing and fails when a file is not what would be written.
import { globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { keep } from './lib/generated.mjs'
import { proofsIn } from './lib/proofs.mjs'
import { root } from './lib/run.mjs'

/** @typedef {{ title: string, ids: Record<string, string> }} Section */

const testFiles = [
  'packages/*/test/**/*.test.{ts,tsx}',
  'packages/core/src/testing/**/*.ts',
  'examples/*/test/**/*.test.{ts,tsx}',
  'e2e/**/*.{spec,test}.ts',
  'scripts/**/*.test.ts',
]

/** @type {Map<string, Map<string, Set<string>>>} id -> file -> names of tests */
const proven = new Map()
for (const file of globSync(testFiles, { cwd: root, exclude: (path) => path.includes('node_modules') }).sort()) {
  for (const { id, test } of proofsIn(file, readFileSync(join(root, file), 'utf8'))) {
    const files = proven.get(id) ?? new Map()
    proven.set(id, files.set(file, (files.get(file) ?? new Set()).add(test)))
  }
}

const acceptance = readSections('acceptance-ids.json')
const faults = readSections('fault-ids.json')
const known = new Set([...acceptance, ...faults].flatMap((section) => Object.keys(section.ids)))
const unknown = [...proven.keys()].filter((id) => !known.has(id))
// A range may run over numbers that no promise has; a name of its own may not.
for (const id of unknown) console.warn(`no such id: ${id}, in ${[...(proven.get(id)?.keys() ?? [])].join(', ')}`)

const written = [
  keep('docs/acceptance.md', page('Acceptance', 'What the engine promises, by id', acceptance)),
  keep('docs/faults.md', page('Faults', 'What can go wrong, by id', faults)),
]
if (written.includes(false)) process.exitCode = 1

/**
 * @param {string} name of a file in docs
 * @returns {Section[]}
 */
function readSections(name) {
  return JSON.parse(readFileSync(join(root, 'docs', name), 'utf8'))
}

/**
 * @param {string} title
 * @param {string} what
 * @param {readonly Section[]} sections
 */
function page(title, what, sections) {
  const ids = sections.flatMap((section) => Object.keys(section.ids))
  const count = ids.filter((id) => proven.has(id)).length
  const intro = `${what}, with the tests whose name or comment carries the id. ${count} of ${ids.length} are proven, the others are open.`
  const tables = sections.map((section) => `## ${section.title}\n\n| id | what | tests |\n| --- | --- | --- |\n${rows(section)}`)
  return `# ${title}\n\n<!-- Written by scripts/acceptance.mjs. Do not edit. -->\n\n${intro}\n\n${tables.join('\n\n')}\n`
}

/** @param {Section} section */
function rows(section) {
  return Object.entries(section.ids).map(([id, what]) => `| ${id} | ${what} | ${testsOf(id)} |`).join('\n')
}

/** @param {string} id */
function testsOf(id) {
  const files = proven.get(id)
  if (files === undefined) return 'open'
  return [...files].map(([file, names]) => `\`${file}\`: ${[...names].sort().map(escapeCell).join('; ')}`).join('<br>')
}

/** @param {string} text */
function escapeCell(text) {
  return text.replaceAll('|', '\\|').replaceAll('<', '&lt;').replaceAll('\n', ' ')
}
