import type { BlobProvider } from '../provider/blob-provider.ts'
import type { ProviderContext } from '../provider/context.ts'
import { blobBatchCases } from './blob-batch-cases.ts'
import type { BlobProviderCase } from './blob-provider-case.ts'
import { blobReadCases } from './blob-read-cases.ts'
import { blobRetryCases } from './blob-retry-cases.ts'
import { blobUploadCases } from './blob-upload-cases.ts'
import { plainProviderContext } from './provider-context.ts'
import { registerSuite, type KnownGaps, type SuiteRunner } from './suite.ts'

/** A provider as a case is given it. */
export interface OpenedProvider {
  /** Not connected yet. */
  readonly provider: BlobProvider
  /** What this store needs of the engine, for example credentials. */
  readonly context?: Partial<ProviderContext>
  /** Called after the case, also when it failed. */
  dispose?(): Promise<void>
}

export interface BlobProviderSubject {
  /** Appears in the suite's title, for example `http`. */
  readonly name: string
  /** Opens a provider. Two that are opened for one `store` share it; others may, since cases use blobs of their own. */
  open(store: string): Promise<OpenedProvider>
  readonly knownGaps?: KnownGaps
}

/** What every BlobProvider keeps. */
export const blobProviderCases: readonly BlobProviderCase[] = [
  ...blobUploadCases, ...blobRetryCases, ...blobReadCases, ...blobBatchCases,
]

export function blobProviderSuite(runner: SuiteRunner, subject: BlobProviderSubject): void {
  registerSuite(runner, {
    title: `BlobProvider: ${subject.name}`,
    cases: blobProviderCases,
    knownGaps: subject.knownGaps,
    runCase: (suiteCase) => runBlobCase(suiteCase, subject),
  })
}

/** Runs one case with a provider of its own, and closes that and every other one afterwards. */
export async function runBlobCase(suiteCase: BlobProviderCase, subject: Pick<BlobProviderSubject, 'open'>): Promise<void> {
  const store = `suite-${crypto.randomUUID()}`
  const opened: OpenedProvider[] = []
  const another = async (): Promise<BlobProvider> => {
    const next = await subject.open(store)
    opened.push(next)
    next.provider.connect(plainProviderContext(next.context))
    return next.provider
  }
  try {
    await suiteCase.run({ provider: await another(), another })
  } finally {
    for (const { dispose, provider } of opened) {
      await provider.close()
      await dispose?.()
    }
  }
}
