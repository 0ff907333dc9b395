import type { SyncEvents } from './events.ts'
import type { Environment, TabChannel } from './provider/environment.ts'
import type { UploadProgress } from './provider/blob-provider.ts'
import { errorFromWire, errorToWire } from './wire/error-wire.ts'
import { parseBlobHash, type BlobHash } from './wire/blob-hash.ts'
import { isJsonObject } from './wire/json.ts'

/** What the leading tab does that leaves no trace in state, as the other tabs hear of it. */
export interface AnnouncementHandlers {
  readonly onProgress: (hash: BlobHash, progress: UploadProgress) => void
  readonly onFailure: (failure: SyncEvents['syncError']) => void
  readonly onConflict: (conflict: SyncEvents['conflict']) => void
  readonly onReachable: (isReachable: boolean) => void
  /** Somebody wants that what waits for time to pass is tried at once. */
  readonly onHurry: () => void
  /** A tab has opened and would like to know whether servers answer. */
  readonly onHello: () => void
}

/** Messages of another version are passed over. */
const VERSION = 1

/** From the tab that works to those that watch, and back. Anything said here may be lost. */
export class Announcements {
  readonly #environment: Environment
  readonly #handlers: AnnouncementHandlers
  #channel: TabChannel | undefined
  #isClosed = false

  constructor(environment: Environment, handlers: AnnouncementHandlers) {
    this.#environment = environment
    this.#handlers = handlers
  }

  /** Nothing is said or heard before. The tabs of one namespace belong to one person. */
  open(namespace: string): void {
    if (this.#isClosed) return
    this.#channel = this.#environment.channel?.(`bse/${namespace}/tabs`, (message) => this.#heard(message))
    this.#say('hello', {})
  }

  progress(hash: BlobHash, { sentBytes, confirmedBytes }: UploadProgress): void {
    this.#say('progress', { hash, sentBytes, confirmedBytes })
  }

  failure({ operation, error }: SyncEvents['syncError']): void {
    this.#say('failure', { operation, error: errorToWire(error, 'another tab') })
  }

  conflict(conflict: SyncEvents['conflict']): void {
    this.#say('conflict', { conflict })
  }

  reachable(isReachable: boolean): void {
    this.#say('reachable', { isReachable })
  }

  hurry(): void {
    this.#say('hurry', {})
  }

  close(): void {
    this.#isClosed = true
    this.#channel?.close()
  }

  #say(is: string, what: object): void {
    this.#channel?.post({ v: VERSION, is, ...what })
  }

  #heard(message: unknown): void {
    if (!isJsonObject(message) || message.v !== VERSION) return
    const handlers = this.#handlers
    switch (message.is) {
      case 'hurry': return handlers.onHurry()
      case 'hello': return handlers.onHello()
      case 'reachable': return handlers.onReachable(message.isReachable === true)
      case 'conflict': return handlers.onConflict(message.conflict as unknown as SyncEvents['conflict'])
      case 'failure': {
        const { operation, error } = message as unknown as SyncEvents['syncError']
        return handlers.onFailure({ operation, error: errorFromWire(error) })
      }
      case 'progress': {
        const hash = typeof message.hash === 'string' ? parseBlobHash(message.hash) : undefined
        if (hash !== undefined) handlers.onProgress(hash, { sentBytes: Number(message.sentBytes), confirmedBytes: Number(message.confirmedBytes) })
        return
      }
      default:
    }
  }
}
