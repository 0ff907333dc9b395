import { BseError } from '../../src/errors.ts'
import type { Credentials, ProviderContext } from '../../src/provider/index.ts'
import type { Wire } from './sim-providers.ts'

/** What a server takes for proof of who speaks: one token at a time, until it wears out. */
export class TokenDesk {
  /** How many have worn out so far. */
  expired = 0

  expire(): void {
    this.expired += 1
  }

  issue(): Readonly<Record<string, string>> {
    return { authorization: `token ${this.expired}` }
  }

  accepts({ headers }: Credentials): boolean {
    return headers.authorization === this.issue().authorization
  }
}

/** Calls as an adapter over HTTP makes them: what was refused is named, and the call is made once more. */
export function authorizedWire(wire: Wire, context: ProviderContext, desk: TokenDesk | undefined): Wire {
  if (desk === undefined) return wire
  return {
    async call(name, run, signal) {
      const first = await context.auth('start')
      let isRefused = false
      const guarded = (credentials: Credentials): typeof run => async (fault) => {
        isRefused = !desk.accepts(credentials)
        if (isRefused) throw new BseError('UNAUTHORIZED', `simulated remote: ${name}: a token that has worn out`, {})
        return run(fault)
      }
      try {
        return await wire.call(name, guarded(first), signal)
      } catch (error) {
        if (!isRefused) throw error
        const renewed = await context.auth('expired', first)
        return wire.call(name, guarded(renewed), signal)
      }
    },
  }
}
