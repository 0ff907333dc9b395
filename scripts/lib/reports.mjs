// Reads what the two test runners report, and adds it up.
import { existsSync, readFileSync } from 'node:fs'

/**
 * @typedef {{ passed: number, failed: number, skipped: string[] }} Counts
 *   A skipped test is neither; the caller decides what it counts as.
 */

/**
 * @typedef {{ testResults: { status: string, assertionResults: { status: string, fullName: string }[] }[] }} VitestReport
 * @typedef {{ specs: { title: string, tests: { status: string }[] }[], suites?: PlaywrightSuite[] }} PlaywrightSuite
 * @typedef {{ errors: unknown[], suites: PlaywrightSuite[] }} PlaywrightReport
 */

/**
 * @param {VitestReport} report
 * @returns {Counts}
 */
export function countVitest(report) {
  /** @type {Counts} */
  const counts = { passed: 0, failed: 0, skipped: [] }
  for (const file of report.testResults) {
    // A file that could not be loaded has no tests, and yet it failed.
    if (file.status === 'failed' && file.assertionResults.every((test) => test.status !== 'failed')) counts.failed += 1
    for (const test of file.assertionResults) {
      if (test.status === 'passed') counts.passed += 1
      else if (test.status === 'failed') counts.failed += 1
      else counts.skipped.push(test.fullName)
    }
  }
  return counts
}

/**
 * @param {PlaywrightReport} report A flaky test counts as failed: its first run did.
 * @returns {Counts}
 */
export function countPlaywright(report) {
  /** @type {Counts} */
  const counts = { passed: 0, failed: report.errors.length, skipped: [] }
  for (const spec of report.suites.flatMap(specsOf)) {
    for (const test of spec.tests) {
      if (test.status === 'expected') counts.passed += 1
      else if (test.status === 'skipped') counts.skipped.push(spec.title)
      else counts.failed += 1
    }
  }
  return counts
}

/**
 * @param {PlaywrightSuite} suite
 * @returns {PlaywrightSuite['specs']}
 */
function specsOf(suite) {
  return [...suite.specs, ...(suite.suites ?? []).flatMap(specsOf)]
}

/**
 * @template Report
 * @param {string} path
 * @param {(report: Report) => Counts} count
 * @returns {Counts | undefined} `undefined` when the runner left no report
 */
export function readCounts(path, count) {
  return existsSync(path) ? count(JSON.parse(readFileSync(path, 'utf8'))) : undefined
}
