/** What a suite needs of a test runner: `describe` and `it` of vitest, Jest, Mocha, Bun or node:test. */
export interface SuiteRunner {
  describe(name: string, body: () => void): unknown
  it(name: string, body: () => Promise<void>): unknown
}

/** One rule that every adapter keeps. Cases are data, so that a suite can also be run against stores broken on purpose. */
export interface SuiteCase<Context> {
  /** A sentence about behaviour; unique within its suite. */
  readonly name: string
  run(context: Context): Promise<void>
}

/** Case name -> why this adapter cannot keep it. Such a case must fail; once it passes, the suite asks for the entry to go. */
export type KnownGaps = Readonly<Record<string, string>>

export interface SuitePlan<Context> {
  readonly title: string
  readonly cases: readonly SuiteCase<Context>[]
  readonly knownGaps?: KnownGaps | undefined
  /** Prepares what a case needs, runs it, and cleans up. */
  runCase(suiteCase: SuiteCase<Context>): Promise<void>
}

/** Registers every case of a plan with the runner. @throws Error when `knownGaps` names a case that does not exist. */
export function registerSuite<Context>(runner: SuiteRunner, plan: SuitePlan<Context>): void {
  const gaps = plan.knownGaps ?? {}
  for (const name of Object.keys(gaps)) {
    assert(plan.cases.some((suiteCase) => suiteCase.name === name), `knownGaps names no case of this suite: ${name}`)
  }
  runner.describe(plan.title, () => {
    for (const suiteCase of plan.cases) {
      const gap = Object.hasOwn(gaps, suiteCase.name) ? gaps[suiteCase.name] : undefined
      if (gap === undefined) runner.it(suiteCase.name, () => plan.runCase(suiteCase))
      else runner.it(`${suiteCase.name} (known gap: ${gap})`, () => mustFail(suiteCase.name, () => plan.runCase(suiteCase)))
    }
  })
}

async function mustFail(name: string, run: () => Promise<void>): Promise<void> {
  const passed = await run().then(() => true, () => false)
  assert(!passed, `"${name}" passes: remove it from knownGaps`)
}

/** Fails the case with `message`, which says what was wrong. */
export function assert(condition: boolean, message: string): asserts condition {
  if (!condition) throw new Error(message)
}

/** Fails unless both are the same value, or plain data that is equal; the order of an object's keys does not matter. */
export function assertEqual(actual: unknown, expected: unknown, message: string): void {
  if (Object.is(actual, expected)) return
  const [left, right] = [canonical(actual), canonical(expected)]
  assert(left !== undefined && left === right, `${message}: expected ${clipped(right, left)}, got ${clipped(left, right)}`)
}

/** The part around the first difference: long lists would hide it. */
function clipped(text = 'undefined', other = 'undefined'): string {
  let at = 0
  while (at < text.length && text[at] === other[at]) at += 1
  const start = Math.max(0, at - 100)
  return `${start > 0 ? '…' : ''}${text.slice(start, at + 200)}${text.length > at + 200 ? '…' : ''}`
}

function canonical(value: unknown): string | undefined {
  return JSON.stringify(value, (_, part: unknown) => {
    if (part === undefined) return 'undefined'
    if (typeof part !== 'object' || part === null || Array.isArray(part)) return part
    return Object.fromEntries(Object.entries(part).sort(([a], [b]) => (a < b ? -1 : 1)))
  })
}

/** What `promise` rejects with; fails the case when it resolves. */
export async function rejection(promise: Promise<unknown>, message: string): Promise<unknown> {
  try {
    await promise
  } catch (error) {
    return error
  }
  throw new Error(`${message}: it resolved`)
}

/** Fails unless `promise` rejects with a `BseError` of this code; returns the error's details. */
export async function assertRejects(promise: Promise<unknown>, code: string, message: string): Promise<unknown> {
  const error = await rejection(promise, message)
  const { code: found, details } = (typeof error === 'object' && error !== null ? error : {}) as { code?: unknown; details?: unknown }
  assert(found === code, `${message}: expected ${code}, got ${String(found ?? error)}`)
  return details
}

/** Waits for all, also when one has failed, so that nothing goes on behind the back of a case that is over. */
export async function together(...promises: readonly Promise<void>[]): Promise<void> {
  const outcomes = await Promise.allSettled(promises)
  for (const outcome of outcomes) if (outcome.status === 'rejected') throw outcome.reason
}
