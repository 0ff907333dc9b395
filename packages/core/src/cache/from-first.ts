import { hasCode } from '../errors.ts'

/**
 * What the first of several stores gives, asked in order.
 *
 * @throws the signal's reason; a failure of this device, which another store would not mend; else of several answers the one that leaves
 *   most open: that nobody has it is known only when nobody was silent.
 */
export async function fromFirst<Store, Found>(stores: readonly Store[], signal: AbortSignal, ask: (store: Store) => Promise<Found>): Promise<Found> {
  const failures: unknown[] = []
  for (const store of stores) {
    try {
      return await ask(store)
    } catch (error) {
      signal.throwIfAborted()
      if (isOurs(error)) throw error
      failures.push(error)
    }
  }
  throw worst(failures)
}

function isOurs(error: unknown): boolean {
  return hasCode(error, 'STORAGE_FULL') || hasCode(error, 'STORAGE_FAILED') || hasCode(error, 'LOST_LEASE') || hasCode(error, 'CLOSED')
}

function worst(failures: readonly unknown[]): unknown {
  const [first] = failures
  return failures.find((error) => !hasCode(error, 'NOT_FOUND') && !hasCode(error, 'GONE')) ?? failures.find((error) => hasCode(error, 'GONE')) ?? first
}
