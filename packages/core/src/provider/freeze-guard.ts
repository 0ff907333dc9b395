/** Where a page is told that it will be frozen; workers and servers have none. */
export interface FrozenDocument {
  addEventListener(type: string, listener: () => void): void
  removeEventListener(type: string, listener: () => void): void
}

/**
 * Keeps a page that is frozen from holding up all others: a transaction that was open at that moment would stay so, and no tab
 * could write before the page is thawed. What it was to read or write is tried again then. For every store over IndexedDB.
 */
export interface FreezeGuard {
  /** Resolves at once, or when the page is thawed. */
  thawed(): Promise<void>
  /** Takes notice of every transaction of this database. */
  guard(db: IDBDatabase): void
  close(): void
}

export function createFreezeGuard(document: FrozenDocument | undefined = (globalThis as { readonly document?: FrozenDocument }).document): FreezeGuard {
  const open = new Set<IDBTransaction>()
  let frozen: PromiseWithResolvers<void> | undefined
  const freeze = (): void => {
    frozen ??= Promise.withResolvers()
    for (const transaction of open) abort(transaction)
  }
  const resume = (): void => {
    frozen?.resolve()
    frozen = undefined
  }
  document?.addEventListener('freeze', freeze)
  document?.addEventListener('resume', resume)
  return {
    thawed: () => frozen?.promise ?? Promise.resolve(),
    guard(db) {
      const plain = Object.getPrototypeOf(db) as Pick<IDBDatabase, 'transaction'>
      db.transaction = (...args: Parameters<IDBDatabase['transaction']>) => {
        // Tasks that were on their way still come between the event and the freeze.
        if (frozen !== undefined) throw new DOMException('the page is being frozen', 'InvalidStateError')
        const transaction = plain.transaction.apply(db, args)
        open.add(transaction)
        const ended = (): void => void open.delete(transaction)
        transaction.addEventListener('complete', ended)
        transaction.addEventListener('abort', ended)
        return transaction
      }
    },
    close() {
      document?.removeEventListener('freeze', freeze)
      document?.removeEventListener('resume', resume)
      resume()
    },
  }
}

function abort(transaction: IDBTransaction): void {
  try {
    transaction.abort()
  } catch (error) {
    // It is being committed already: its end is the browser's.
    if (!(error instanceof DOMException && error.name === 'InvalidStateError')) throw error
  }
}
