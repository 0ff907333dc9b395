import { BseError } from '@bse/core/provider'
import { errorFromWire } from '@bse/core/wire'
import type { WrittenStage } from './stager.ts'
import { PIECES_AHEAD, type FromWorker, type ToWorker } from './worker-protocol.ts'

interface Call {
  /** Pieces that may still be sent before the worker has to say `more`. */
  room: number
  wakeSender: (() => void) | undefined
  resolve(written: WrittenStage): void
  reject(error: unknown): void
}

type StageMessage = Omit<Extract<ToWorker, { readonly is: 'stage' }>, 'is' | 'call'>

/** A running worker. `onDeath` is called once, after every call under way was rejected with `STORAGE_FAILED`. */
export class WorkerLink {
  readonly #worker: Worker
  readonly #onDeath: () => void
  readonly #calls = new Map<number, Call>()
  readonly #watch = new AbortController()
  #lastCall = 0

  private constructor(worker: Worker, onDeath: () => void) {
    this.#worker = worker
    this.#onDeath = onDeath
  }

  /** @throws when the worker cannot be made, does not start, or has no sync access handles. */
  static async start(create: () => Worker, path: readonly string[], onDeath: () => void): Promise<WorkerLink> {
    const worker = create()
    const lifeLock = `bse/opfs-worker/${crypto.randomUUID()}`
    try {
      await started(worker, { is: 'hello', lifeLock, path })
    } catch (error) {
      worker.terminate()
      throw error
    }
    const link = new WorkerLink(worker, onDeath)
    link.#listen(lifeLock)
    return link
  }

  #listen(lifeLock: string): void {
    this.#worker.onmessage = ({ data }: MessageEvent<FromWorker>) => this.#hear(data)
    this.#worker.onerror = (event) => this.#die(event)
    this.#worker.onmessageerror = (event) => this.#die(event)
    // A worker that is terminated or runs out of memory says nothing, but the browser releases its lock.
    const watching = navigator.locks.request(lifeLock, { signal: this.#watch.signal }, () => this.#die(undefined))
    watching.catch(() => undefined) // aborted by `end`
  }

  /** Sends a stage; answers the number of the call, and a promise of its outcome. */
  begin(message: StageMessage): { readonly call: number; readonly written: Promise<WrittenStage> } {
    const call = ++this.#lastCall
    const written = new Promise<WrittenStage>((resolve, reject) => {
      this.#calls.set(call, { room: PIECES_AHEAD, wakeSender: undefined, resolve, reject })
    })
    this.#post({ is: 'stage', call, ...message })
    return { call, written }
  }

  /** Resolves when the worker has room for the piece, or has ended the call. The bytes are copied: the chunk is not ours. */
  async send(call: number, piece: Uint8Array): Promise<void> {
    const state = this.#calls.get(call)
    if (state === undefined) return
    if (state.room === 0) await new Promise<void>((resolve) => (state.wakeSender = resolve))
    state.room -= 1
    const bytes = piece.slice()
    this.#post({ is: 'piece', call, bytes }, [bytes.buffer])
  }

  finish(call: number): void {
    this.#post({ is: 'end', call })
  }

  abort(call: number): void {
    this.#post({ is: 'abort', call })
  }

  /** Ends the worker. Calls under way are rejected like those of a worker that died. */
  end(): void {
    this.#watch.abort()
    this.#worker.terminate()
    this.#rejectAll(undefined)
  }

  #post(message: ToWorker, transfer: Transferable[] = []): void {
    this.#worker.postMessage(message, transfer)
  }

  #hear(message: FromWorker): void {
    if (message.is === 'ready' || message.is === 'unsupported') return
    const call = this.#calls.get(message.call)
    if (call === undefined) return
    if (message.is === 'more') {
      call.room += 1
      call.wakeSender?.()
      return
    }
    this.#calls.delete(message.call)
    if (message.is === 'staged') call.resolve({ hash: message.hash, sizeBytes: message.sizeBytes })
    else call.reject(errorOf(message))
    call.wakeSender?.()
  }

  #die(cause: unknown): void {
    this.#watch.abort()
    this.#worker.terminate()
    this.#onDeath()
    this.#rejectAll(cause)
  }

  #rejectAll(cause: unknown): void {
    const calls = [...this.#calls.values()]
    this.#calls.clear()
    for (const call of calls) {
      call.reject(new BseError('STORAGE_FAILED', 'cache-opfs.stage: the worker died', { store: 'opfs' }, { cause }))
      call.wakeSender?.()
    }
  }
}

function started(worker: Worker, hello: ToWorker): Promise<void> {
  return new Promise((resolve, reject) => {
    worker.onmessage = ({ data }: MessageEvent<FromWorker>) => {
      if (data.is === 'ready') resolve()
      else reject(new Error('the worker has no sync access handles'))
    }
    worker.onerror = (event) => {
      event.preventDefault()
      reject(new Error('the worker did not start', { cause: event }))
    }
    worker.postMessage(hello)
  })
}

function errorOf(message: Extract<FromWorker, { readonly is: 'failed' | 'unreadable' | 'aborted' }>): unknown {
  if (message.is === 'failed') return errorFromWire(message.error)
  if (message.is === 'unreadable') return new DOMException(message.message, message.name)
  return new DOMException('the stage was aborted', 'AbortError')
}
