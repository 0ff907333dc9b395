// Finds which tests carry which ids (`R-090`, `F-36`, ranges such as `R-090 to R-094`) in their names or in comments beside them.
import { parseSync, Visitor } from 'oxc-parser'

/**
 * @typedef {{ id: string, test: string }} Proof
 * @typedef {{ name: string, start: number, end: number, isSkipped: boolean }} Test a test, a group of tests, or a case of a shared suite
 * @typedef {import('oxc-parser').Comment} Comment
 * @typedef {{ type: string, start: number, end: number }} Node
 */

const idPattern = /\b([REX]-\d{3}|F-\d{1,2})(?!\d)(?:\s*(?:to|\.\.|–)\s*([REX]-\d{3}|F-\d{1,2})(?!\d))?/g
const runners = new Set(['it', 'test', 'describe'])
const notRunning = new Set(['skip', 'todo', 'fixme'])

/**
 * @param {string} text
 * @returns {string[]} the ids in it, ranges written out, `F-05` as `F-5`
 */
export function idsIn(text) {
  return [...text.matchAll(idPattern)].flatMap(([, first = '', last]) => rangeOf(first, last ?? first))
}

/**
 * @param {string} first
 * @param {string} last
 */
function rangeOf(first, last) {
  const [kind = '', from = ''] = first.split('-')
  const [lastKind, to = ''] = last.split('-')
  if (kind !== lastKind || Number(to) < Number(from)) throw new Error(`Not a range of ids: ${first} to ${last}`)
  const width = kind === 'F' ? 0 : from.length
  return Array.from({ length: Number(to) - Number(from) + 1 }, (_, n) => `${kind}-${String(Number(from) + n).padStart(width, '0')}`)
}

/**
 * A comment belongs to the test on whose first line it stands, else to the one that follows, else to the one around it.
 * Outside of all of them it speaks for the whole file.
 *
 * @param {string} path decides the language
 * @param {string} source
 * @returns {Proof[]} nothing of tests that are skipped
 */
export function proofsIn(path, source) {
  const { program, comments, errors } = parseSync(path, source)
  if (errors.length > 0) throw new Error(`${path}: ${errors[0]?.message}`)
  const tests = testsIn(program)
  if (tests.every((test) => test.isSkipped)) return []
  const texts = [
    ...tests.map((test) => ({ text: test.name, test })),
    ...comments.map((comment) => ({ text: comment.value, test: testBeside(comment, tests, source, comments) })),
  ]
  return texts
    .filter(({ test }) => test?.isSkipped !== true)
    .flatMap(({ text, test }) => idsIn(text).map((id) => ({ id, test: test?.name ?? 'the whole file' })))
}

/**
 * @param {import('oxc-parser').Program} program
 * @returns {Test[]} in the order of the source; inner ones after those around them
 */
function testsIn(program) {
  /** @type {Test[]} */
  const tests = []
  /** @param {Node} node @param {string | undefined} name @param {boolean} isSkipped */
  const add = ({ start, end }, name, isSkipped) => {
    if (name === undefined) return
    const isInSkipped = tests.some((test) => test.isSkipped && test.start <= start && end <= test.end)
    tests.push({ name, start, end, isSkipped: isSkipped || isInSkipped })
  }
  new Visitor({
    CallExpression(node) {
      const names = calleeNames(node.callee)
      if (runners.has(names[0] ?? '')) add(node, textOf(node.arguments[0]), names.some((name) => notRunning.has(name)))
    },
    ObjectExpression(node) {
      add(node, caseName(node), false)
    },
  }).visit(program)
  return tests
}

/**
 * @param {import('oxc-parser').Expression} callee
 * @returns {string[]} `it.each([1])` gives `['it', 'each']`
 */
function calleeNames(callee) {
  if (callee.type === 'Identifier') return [callee.name]
  if (callee.type === 'CallExpression') return calleeNames(callee.callee)
  if (callee.type === 'TaggedTemplateExpression') return calleeNames(callee.tag)
  if (callee.type !== 'MemberExpression' || callee.computed || callee.property.type !== 'Identifier') return []
  return [...calleeNames(callee.object), callee.property.name]
}

/**
 * @param {import('oxc-parser').Argument | undefined} node
 * @returns {string | undefined} the text of a string or template; `undefined` for anything else
 */
function textOf(node) {
  if (node?.type === 'Literal' && typeof node.value === 'string') return node.value
  if (node?.type === 'TemplateLiteral') return node.quasis.map((part) => part.value.cooked ?? '').join('…')
  return undefined
}

/**
 * Cases of the shared suites are data: `{ name: 'lists every entry', run: … }`.
 *
 * @param {import('oxc-parser').ObjectExpression} node
 */
function caseName(node) {
  const properties = node.properties.filter((property) => property.type === 'Property')
  const named = (/** @type {string} */ key) => properties.find((property) => property.key.type === 'Identifier' && property.key.name === key)
  const name = named('name')
  return named('run') === undefined || name === undefined ? undefined : textOf(name.value)
}

/**
 * @param {Comment} comment
 * @param {readonly Test[]} tests
 * @param {string} source
 * @param {readonly Comment[]} comments
 * @returns {Test | undefined}
 */
function testBeside(comment, tests, source, comments) {
  const next = skipBlank(comment.end, source, comments)
  const line = lineOf(comment.start, source)
  return (
    tests.findLast((test) => test.start < comment.start && lineOf(test.start, source) === line) ??
    tests.find((test) => test.start === next) ??
    tests.findLast((test) => test.start < comment.start && comment.end < test.end)
  )
}

/**
 * @param {number} from
 * @param {string} source
 * @param {readonly Comment[]} comments
 * @returns {number} where the next thing begins that is neither space, comment nor `await`
 */
function skipBlank(from, source, comments) {
  const [blank = ''] = /^(?:\s|await\s)*/.exec(source.slice(from)) ?? []
  const at = from + blank.length
  const next = comments.find((comment) => comment.start === at)
  return next === undefined ? at : skipBlank(next.end, source, comments)
}

/**
 * @param {number} offset
 * @param {string} source
 */
function lineOf(offset, source) {
  return source.slice(0, offset).split('\n').length
}
