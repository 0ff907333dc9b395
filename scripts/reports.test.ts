import { describe, expect, it } from 'vitest'
import { countPlaywright, countVitest } from './lib/reports.mjs'

const test = (status: string, fullName = 'a test'): { status: string; fullName: string } => ({ status, fullName })

describe('counts of vitest', () => {
  it('adds up tests of all files', () => {
    const report = {
      testResults: [
        { status: 'passed', assertionResults: [test('passed'), test('passed')] },
        { status: 'failed', assertionResults: [test('passed'), test('failed')] },
      ],
    }
    expect(countVitest(report)).toEqual({ passed: 3, failed: 1, skipped: [] })
  })

  it('counts a file that does not load as one failure', () => {
    expect(countVitest({ testResults: [{ status: 'failed', assertionResults: [] }] })).toEqual({ passed: 0, failed: 1, skipped: [] })
  })

  it('names what was skipped or is still to do', () => {
    const report = { testResults: [{ status: 'passed', assertionResults: [test('skipped', 'one'), test('todo', 'two')] }] }
    expect(countVitest(report)).toEqual({ passed: 0, failed: 0, skipped: ['one', 'two'] })
  })
})

describe('counts of Playwright', () => {
  const spec = (status: string, title = 'a spec'): { title: string; tests: { status: string }[] } => ({ title, tests: [{ status }] })

  it('adds up specs of nested suites', () => {
    const report = { errors: [], suites: [{ specs: [spec('expected')], suites: [{ specs: [spec('expected'), spec('unexpected')] }] }] }
    expect(countPlaywright(report)).toEqual({ passed: 2, failed: 1, skipped: [] })
  })

  it('counts a flaky spec and an error outside of specs as failures', () => {
    expect(countPlaywright({ errors: [{}], suites: [{ specs: [spec('flaky')] }] })).toEqual({ passed: 0, failed: 2, skipped: [] })
  })

  it('names what was skipped', () => {
    expect(countPlaywright({ errors: [], suites: [{ specs: [spec('skipped', 'one')] }] })).toEqual({ passed: 0, failed: 0, skipped: ['one'] })
  })
})
