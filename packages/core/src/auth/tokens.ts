import type { AuthReason, Credentials } from '../provider/context.ts'

/** What an app answers: who is signed in, and the headers that prove it. */
export interface AuthResult extends Credentials {
  readonly userId: string
}

export type AuthCallback = (request: { readonly reason: AuthReason }) => Promise<AuthResult>

/** Credentials for every provider of an engine: asked once, shared by all who wait, renewed when one of them was refused. */
export class Tokens {
  readonly #ask: AuthCallback | undefined
  #current: Promise<Credentials> | undefined
  #renewing: Promise<Credentials> | undefined

  constructor(ask: AuthCallback | undefined) {
    this.#ask = ask
  }

  get(reason: AuthReason): Promise<Credentials> {
    const ask = this.#ask
    if (ask === undefined) return Promise.resolve({ headers: {} })
    if (this.#renewing !== undefined) return this.#renewing
    if (reason === 'start' && this.#current !== undefined) return this.#current
    const asking = ask({ reason }).finally(() => {
      this.#renewing = undefined
    })
    this.#renewing = asking
    this.#current = asking
    asking.catch(() => {
      this.#current = undefined
    })
    return asking
  }
}
