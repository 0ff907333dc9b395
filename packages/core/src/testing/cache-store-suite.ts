import type { CacheStore } from '../provider/cache-store.ts'
import { cacheReadCases } from './cache-read-cases.ts'
import { cacheLifeCases } from './cache-life-cases.ts'
import { cachePublishCases } from './cache-publish-cases.ts'
import { cacheStageCases } from './cache-stage-cases.ts'
import { runInNamespace, type NamespaceContext } from './namespace-context.ts'
import { registerSuite, type KnownGaps, type SuiteCase, type SuiteRunner } from './suite.ts'

export interface CacheStoreSubject {
  /** Appears in the suite's title, for example `opfs`. */
  readonly name: string
  /** Opens the store of one namespace. Two stores of one namespace share everything. */
  open(namespace: string): CacheStore | Promise<CacheStore>
  readonly knownGaps?: KnownGaps
}

/** What every CacheStore keeps. */
export const cacheStoreCases: readonly SuiteCase<NamespaceContext<CacheStore>>[] = [
  ...cacheStageCases, ...cachePublishCases, ...cacheReadCases, ...cacheLifeCases,
]

export function cacheStoreSuite(runner: SuiteRunner, subject: CacheStoreSubject): void {
  registerSuite(runner, {
    title: `CacheStore: ${subject.name}`,
    cases: cacheStoreCases,
    knownGaps: subject.knownGaps,
    runCase: (suiteCase) => runInNamespace(suiteCase, (namespace) => subject.open(namespace)),
  })
}
