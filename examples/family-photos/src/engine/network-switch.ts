import { BseError } from '@bse/core'

const STORAGE_KEY = 'family-photos:network'

/**
 * The online/offline switch of the page. It holds for the whole device: every tab follows, and a reload keeps it.
 * Being online here only means that the network may be used, not that there is one.
 */
export class NetworkSwitch {
  readonly #listeners: Set<() => void> = new Set()
  #online: boolean
  #cut: AbortController = new AbortController()

  constructor() {
    this.#online = localStorage.getItem(STORAGE_KEY) !== 'off'
    if (!this.#online) this.#cut.abort(switchedOff())
    addEventListener('storage', ({ key, newValue }) => {
      if (key === STORAGE_KEY) this.#apply(newValue !== 'off')
    })
  }

  get online(): boolean {
    return this.#online
  }

  set(online: boolean): void {
    localStorage.setItem(STORAGE_KEY, online ? 'on' : 'off')
    this.#apply(online)
  }

  subscribe(listener: () => void): () => void {
    this.#listeners.add(listener)
    return () => void this.#listeners.delete(listener)
  }

  /** Aborted with `signal`, and with an `OFFLINE` error as soon as the switch is off. */
  until(signal: AbortSignal | null | undefined): AbortSignal {
    return signal === null || signal === undefined ? this.#cut.signal : AbortSignal.any([signal, this.#cut.signal])
  }

  #apply(online: boolean): void {
    if (this.#online === online) return
    this.#online = online
    if (online) this.#cut = new AbortController()
    else this.#cut.abort(switchedOff())
    for (const listener of [...this.#listeners]) listener()
  }
}

function switchedOff(): BseError {
  return new BseError('OFFLINE', 'family-photos: the network is switched off', {})
}
