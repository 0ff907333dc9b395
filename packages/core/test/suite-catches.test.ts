import { describe, expect, it } from 'vitest'
import { memoryCache, memoryState } from '../src/memory/index.ts'
import type { CacheStore, StateStore } from '../src/provider/index.ts'
import {
  cacheStoreCases, registerSuite, runInNamespace, stateStoreCases, type NamespaceContext, type SuiteCase, type SuiteRunner,
} from '../src/testing/index.ts'
import { broken, type Broken } from './suite-catches/broken.ts'
import { brokenCaches } from './suite-catches/broken-caches.ts'
import { brokenStates } from './suite-catches/broken-states.ts'

interface Closable { close(): Promise<void>; destroy(): Promise<void> }

/** What the case says of a store broken this way; `undefined` when it notices nothing. */
async function verdict<Store extends Closable>(
  cases: readonly SuiteCase<NamespaceContext<Store>>[],
  how: Broken<Store>,
  healthy: (namespace: string) => Store,
): Promise<unknown> {
  const suiteCase = cases.find(({ name }) => name === how.caughtBy)
  if (suiteCase === undefined) throw new Error(`no such case: ${how.caughtBy}`)
  return runInNamespace(suiteCase, broken(healthy, how)).then(() => undefined, (error: unknown) => error)
}

/** A complaint, and not a slip in the broken store itself. */
function expectComplaint(error: unknown): void {
  expect(error).toBeInstanceOf(Error)
  expect(error).not.toBeInstanceOf(TypeError)
  expect(error).not.toBeInstanceOf(ReferenceError)
}

function uncovered<Store>(cases: readonly SuiteCase<NamespaceContext<Store>>[], brokenOnes: readonly Broken<Store>[]): readonly string[] {
  return cases.map(({ name }) => name).filter((name) => !brokenOnes.some(({ caughtBy }) => caughtBy === name))
}

describe('the CacheStore suite', () => {
  it.each(brokenCaches.map((how, n) => [how.caughtBy, n, how] as const))('catches by "%s" (%i)', async (_name, _n, how) => {
    expectComplaint(await verdict<CacheStore>(cacheStoreCases, how, memoryCache()))
  })

  it('has a broken store for every case', () => {
    expect(uncovered(cacheStoreCases, brokenCaches)).toEqual([])
  })
})

describe('the StateStore suite', () => {
  it.each(brokenStates.map((how, n) => [how.caughtBy, n, how] as const))('catches by "%s" (%i)', async (_name, _n, how) => {
    expectComplaint(await verdict<StateStore>(stateStoreCases, how, memoryState()))
  })

  it('has a broken store for every case', () => {
    expect(uncovered(stateStoreCases, brokenStates)).toEqual([])
  })
})

describe('known gaps', () => {
  const cases: readonly SuiteCase<undefined>[] = [
    { name: 'holds', run: async () => undefined },
    { name: 'fails', run: async () => { throw new Error('as known') } },
  ]
  const outcomes = async (knownGaps: Record<string, string>): Promise<readonly string[]> => {
    const bodies: { name: string; body: () => Promise<void> }[] = []
    const runner: SuiteRunner = { describe: (_, body) => body(), it: (name, body) => bodies.push({ name, body }) }
    registerSuite(runner, { title: 't', cases, knownGaps, runCase: (suiteCase) => suiteCase.run(undefined) })
    return Promise.all(bodies.map(({ name, body }) => body().then(() => `${name}: ok`, (error: Error) => `${name}: ${error.message}`)))
  }

  it('accepts a gap that fails and names its reason', async () => {
    expect(await outcomes({ fails: 'no such thing here' })).toEqual(['holds: ok', 'fails (known gap: no such thing here): ok'])
  })

  it('asks for an entry to go whose case passes', async () => {
    expect(await outcomes({ holds: 'once true', fails: 'still' })).toContain('holds (known gap: once true): "holds" passes: remove it from knownGaps')
  })

  it('refuses a gap that names no case', async () => {
    await expect(outcomes({ 'no case': 'x' })).rejects.toThrow('knownGaps names no case of this suite: no case')
  })
})
