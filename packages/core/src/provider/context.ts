import type { Clock } from './environment.ts'

/** Where the library tells what it does. Field values hold no token, header, body or URL with a query. */
export interface Logger {
  debug(message: string, fields?: LogFields): void
  info(message: string, fields?: LogFields): void
  warn(message: string, fields?: LogFields): void
  error(message: string, fields?: LogFields): void
}

export type LogFields = { readonly [field: string]: string | number | boolean | undefined }

/** `expired` after a 401: answers given before are not to be reused. */
export type AuthReason = 'start' | 'expired'

export interface Credentials {
  /** Sent with every request to the configured host, never to another. */
  readonly headers: Readonly<Record<string, string>>
}

/** What core lends to a provider. */
export interface ProviderContext {
  /**
   * Fresh credentials; single flight and cached in core. Without `auth` in the configuration: no headers.
   *
   * With `expired`, name the very object that was refused: when newer ones are there by then, they are the answer, and many
   * requests that fail together renew once.
   *
   * @throws BseError `PRINCIPAL_CHANGED` when somebody else is signed in by now; what the app's callback rejects with.
   */
  auth(reason: AuthReason, refused?: Credentials): Promise<Credentials>
  readonly fetch: typeof fetch
  readonly clock: Clock
  readonly logger: Logger
}
