import type { Connectivity } from './provider/environment.ts'
import { hasCode } from './errors.ts'

/**
 * Whether servers answer. Only answers decide: the platform's own word (`navigator.onLine`) is the first guess, and a hint that
 * trying is worth it.
 */
export class Reachability {
  #online: boolean
  readonly #onChange: (online: boolean) => void
  readonly #unsubscribe: () => void

  constructor(options: { readonly hint: Connectivity; readonly onChange: (online: boolean) => void; readonly onHint: () => void }) {
    this.#online = options.hint.online
    this.#onChange = options.onChange
    this.#unsubscribe = options.hint.subscribe((online) => {
      if (online) options.onHint()
      else this.#set(false)
    })
  }

  get online(): boolean {
    return this.#online
  }

  answered(): void {
    this.#set(true)
  }

  /** A connection that is watched fell silent. */
  silent(): void {
    this.#set(false)
  }

  /** Any answer, a refusal too, shows that a server is there; only silence does not. */
  failed(error: unknown): void {
    if (hasCode(error, 'NETWORK') || hasCode(error, 'OFFLINE')) this.#set(false)
  }

  close(): void {
    this.#unsubscribe()
  }

  #set(online: boolean): void {
    if (this.#online === online) return
    this.#online = online
    this.#onChange(online)
  }
}
