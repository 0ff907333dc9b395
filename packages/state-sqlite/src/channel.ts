import { EventEmitter, once } from 'node:events'
import { watch, type FSWatcher } from 'node:fs'
import { basename, dirname } from 'node:path'

/** How often a watcher looks by itself, for commits of other processes whose file events were lost. */
const POLL_MS = 3_000

const channels = new Map<string, Channel>()

/** Tells the stores of one file of each other's commits: within the process at once, between processes by file events. */
export class Channel {
  readonly #emitter: EventEmitter = new EventEmitter().setMaxListeners(0)
  readonly #file: string
  #members = 0
  #count = 0
  #files: FSWatcher | undefined

  private constructor(file: string) {
    this.#file = file
  }

  static join(file: string): Channel {
    const channel = channels.get(file) ?? new Channel(file)
    channels.set(file, channel)
    channel.#members += 1
    return channel
  }

  leave(): void {
    this.#members -= 1
    if (this.#members > 0) return
    this.#files?.close()
    this.#files = undefined
    channels.delete(this.#file)
  }

  /** How many changes were announced so far. */
  get count(): number {
    this.#listen()
    return this.#count
  }

  announce(): void {
    this.#count += 1
    this.#emitter.emit('changed')
  }

  /** Resolves when a change was announced since `heard`, after a while without one, or when aborted. Never rejects. */
  async changed(heard: number, signal: AbortSignal): Promise<void> {
    if (this.#count !== heard) return
    const stop = AbortSignal.any([signal, AbortSignal.timeout(POLL_MS)])
    // A rejection says that the wait was ended by its signal, which the caller looks at anyway.
    await once(this.#emitter, 'changed', { signal: stop }).catch(() => undefined)
  }

  /** File events are a hint: where there are none, looking now and then is what is left. */
  #listen(): void {
    if (this.#files !== undefined) return
    const prefix = basename(this.#file)
    try {
      this.#files = watch(dirname(this.#file), { persistent: false }, (_, name) => {
        if (name === null || name.startsWith(prefix)) this.announce()
      })
      this.#files.on('error', () => this.#files?.close())
    } catch {
      return
    }
  }
}
