import { BseError } from '../errors.ts'
import type { AuthReason, Credentials } from '../provider/context.ts'
import { principalKey } from './principal.ts'

/** What an app answers: who is signed in, and the headers that prove it. */
export interface AuthResult extends Credentials {
  readonly userId: string
}

/** Asked for when credentials are needed first (`start`) and when a server refused them (`expired`). Rejects when nobody is signed in. */
export type AuthCallback = (request: { readonly reason: AuthReason }) => Promise<AuthResult>

export interface TokensOptions {
  readonly ask: AuthCallback | undefined
  /** Somebody else is signed in. Every answer from here on is this error. */
  readonly onChanged: (error: BseError) => void
  /** The app gave no credentials. */
  readonly onFailure: (error: unknown) => void
}

interface Answer {
  readonly credentials: Credentials
  readonly key: string
}

/**
 * Credentials for every provider of an engine: asked once, shared by all who wait, renewed once when they expire. Whose they are
 * is compared with whose storage this is before anybody gets them.
 */
export class Tokens {
  readonly #options: TokensOptions
  #answer: Answer | undefined
  #asking: Promise<Answer> | undefined
  /** Whose storage this engine works with; `undefined` until that is known. */
  #bound: string | undefined
  #changed: BseError | undefined

  constructor(options: TokensOptions) {
    this.#options = options
  }

  /**
   * @param refused the credentials that a server did not take: where newer ones are known by now, those are the answer, so that
   *   many requests which fail together renew once.
   * @throws BseError `PRINCIPAL_CHANGED`; `CONFIG_INVALID` for an answer that is none; what the app's callback rejects with.
   */
  async get(reason: AuthReason, refused?: Credentials): Promise<Credentials> {
    if (this.#options.ask === undefined) return { headers: {} }
    if (this.#changed !== undefined) throw this.#changed
    const known = this.#asking === undefined ? this.#answer : undefined
    const mayDo = reason === 'start' || (refused !== undefined && known?.credentials !== refused)
    if (known !== undefined && mayDo) return known.credentials
    return (await this.#ask(reason)).credentials
  }

  /** Who is signed in, as a key that names them in storage and tells nobody who they are. */
  async principal(): Promise<string> {
    return (this.#answer ?? (await this.#ask('start'))).key
  }

  /** From here on only the credentials of this principal are given. */
  bind(key: string): void {
    this.#bound = key
  }

  #ask(reason: AuthReason): Promise<Answer> {
    this.#asking ??= this.#askApp(reason).finally(() => {
      this.#asking = undefined
    })
    return this.#asking
  }

  async #askApp(reason: AuthReason): Promise<Answer> {
    const { ask, onFailure } = this.#options
    try {
      const given: unknown = await ask?.({ reason })
      if (!isAuthResult(given)) throw new BseError('CONFIG_INVALID', 'core.auth: the answer wants a userId and headers', { option: 'auth' })
      this.#answer = { credentials: given, key: await principalKey(given.userId) }
    } catch (error) {
      this.#answer = undefined
      onFailure(error)
      throw error
    }
    this.#assertSame(this.#answer.key)
    return this.#answer
  }

  #assertSame(key: string): void {
    if (this.#bound === undefined || key === this.#bound) return
    this.#changed ??= new BseError('PRINCIPAL_CHANGED', 'core.auth: somebody else is signed in', {})
    this.#options.onChanged(this.#changed)
    throw this.#changed
  }
}

function isAuthResult(given: unknown): given is AuthResult {
  if (typeof given !== 'object' || given === null) return false
  const { userId, headers } = given as { readonly userId?: unknown; readonly headers?: unknown }
  return typeof userId === 'string' && userId !== '' && typeof headers === 'object' && headers !== null
}
