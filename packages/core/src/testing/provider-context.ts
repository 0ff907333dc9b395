import type { ProviderContext } from '../provider/context.ts'

/** What core lends to a provider, at its plainest: real time, the platform's fetch, no credentials, no log. */
export function plainProviderContext(overrides: Partial<ProviderContext> = {}): ProviderContext {
  const silent = (): void => undefined
  return {
    auth: async () => ({ headers: {} }),
    fetch: (input, init) => fetch(input, init),
    clock: {
      nowMs: () => Date.now(),
      monotonicMs: () => performance.now(),
      timer: (delayMs, callback) => {
        const id = setTimeout(callback, delayMs)
        return () => clearTimeout(id)
      },
    },
    logger: { debug: silent, info: silent, warn: silent, error: silent },
    ...overrides,
  }
}
