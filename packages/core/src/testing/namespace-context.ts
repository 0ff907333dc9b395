import type { SuiteCase } from './suite.ts'

/** What both kinds of store have in common, as far as a suite has to clean up after a case. */
interface Closable {
  close(): Promise<void>
  destroy(): Promise<void>
}

/** A namespace of the case's own. */
export interface NamespaceContext<Store> {
  /** Opens the namespace. A second call opens it once more, as another tab would; after `close` it is a reload. */
  open(): Promise<Store>
}

/** Runs a case in a fresh namespace; closes what it opened and erases the namespace afterwards, also when it failed. */
export async function runInNamespace<Store extends Closable>(
  suiteCase: SuiteCase<NamespaceContext<Store>>,
  openStore: (namespace: string) => Store | Promise<Store>,
): Promise<void> {
  const namespace = `suite-${crypto.randomUUID()}`
  const opened: Store[] = []
  const open = async (): Promise<Store> => {
    const store = await openStore(namespace)
    opened.push(store)
    return store
  }
  const outcome = await settle(suiteCase.run({ open }))
  const cleaned = await settle(erase(opened, () => openStore(namespace)))
  if (outcome.failed) throw outcome.error
  if (cleaned.failed) throw cleaned.error
}

async function erase<Store extends Closable>(opened: readonly Store[], reopen: () => Store | Promise<Store>): Promise<void> {
  for (const store of opened) await store.close()
  await (await reopen()).destroy()
}

/** A failed case must not be hidden by the clean-up that fails because of it. */
async function settle(promise: Promise<void>): Promise<{ failed: false } | { failed: true; error: unknown }> {
  try {
    await promise
    return { failed: false }
  } catch (error) {
    return { failed: true, error }
  }
}
