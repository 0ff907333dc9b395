import type { StateStore } from '../provider/state-store.ts'
import { runInNamespace, type NamespaceContext } from './namespace-context.ts'
import { stateReadCases } from './state-read-cases.ts'
import { stateUpdateCases } from './state-update-cases.ts'
import { stateWatchCases } from './state-watch-cases.ts'
import { registerSuite, type KnownGaps, type SuiteCase, type SuiteRunner } from './suite.ts'

export interface StateStoreSubject {
  /** Appears in the suite's title, for example `sqlite`. */
  readonly name: string
  /** Opens the store of one namespace. Two stores of one namespace share everything. */
  open(namespace: string): StateStore | Promise<StateStore>
  readonly knownGaps?: KnownGaps
}

/** What every StateStore keeps. */
export const stateStoreCases: readonly SuiteCase<NamespaceContext<StateStore>>[] = [
  ...stateUpdateCases, ...stateReadCases, ...stateWatchCases,
]

export function stateStoreSuite(runner: SuiteRunner, subject: StateStoreSubject): void {
  registerSuite(runner, {
    title: `StateStore: ${subject.name}`,
    cases: stateStoreCases,
    knownGaps: subject.knownGaps,
    runCase: (suiteCase) => runInNamespace(suiteCase, (namespace) => subject.open(namespace)),
  })
}
