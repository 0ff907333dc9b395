import { isBseError, type BseErrorCode } from '@bse/core'

/** Something to tell the person. A `refusal` stays until it is dismissed; a `notice` goes by itself. */
export interface Message {
  readonly id: number
  readonly kind: 'refusal' | 'notice'
  readonly text: string
  /** Of the engine's refusal, where it is one. */
  readonly code: BseErrorCode | undefined
}

const NOTICE_MS = 8_000
/** The same notice is not worth a second look within this time. */
const QUIET_MS = 60_000

/** What the page has to say, newest last. */
export class Messages {
  readonly #listeners: Set<() => void> = new Set()
  readonly #toldAtMs: Map<string, number> = new Map()
  #messages: readonly Message[] = []
  #lastId = 0

  readonly getSnapshot = (): readonly Message[] => this.#messages

  readonly subscribe = (listener: () => void): (() => void) => {
    this.#listeners.add(listener)
    return () => void this.#listeners.delete(listener)
  }

  readonly refuse = (text: string, error?: unknown): void => {
    this.#add({ kind: 'refusal', text, code: isBseError(error) ? error.code : undefined })
  }

  notice(text: string): void {
    const nowMs = Date.now()
    if (nowMs - (this.#toldAtMs.get(text) ?? -Infinity) < QUIET_MS) return
    this.#toldAtMs.set(text, nowMs)
    const id = this.#add({ kind: 'notice', text, code: undefined })
    setTimeout(() => this.dismiss(id), NOTICE_MS)
  }

  readonly dismiss = (id: number): void => {
    this.#set(this.#messages.filter((message) => message.id !== id))
  }

  readonly dismissRefusals = (): void => {
    this.#set(this.#messages.filter((message) => message.kind !== 'refusal'))
  }

  #add(message: Omit<Message, 'id'>): number {
    const id = (this.#lastId += 1)
    this.#set([...this.#messages, { id, ...message }])
    return id
  }

  #set(messages: readonly Message[]): void {
    this.#messages = messages
    for (const listener of [...this.#listeners]) listener()
  }
}
