import { FetchError, ShapeStream, type Message, type RuntimeVisibilityAdapter, type ShapeStreamOptions } from '@electric-sql/client'
import { notOurs, type Requester } from '@bse/core/http'
import { BseError, isBseError, type Logger } from '@bse/core/provider'
import type { ShapePlace } from './cursor.ts'
import { shapeFetch } from './shape-fetch.ts'
import { TableLog, type TableStep } from './table-log.ts'
import type { TablePlan } from './table-plan.ts'

export interface ReaderParts {
  readonly plan: TablePlan
  readonly place: ShapePlace | undefined
  readonly url: string
  /** Sent with each request of a shape, for example the id of a source. */
  readonly query: Readonly<Record<string, string>>
  readonly requester: Requester
  readonly logger: Logger
  /** The next request is sent after it resolved. */
  readonly onStep: (step: TableStep) => Promise<void>
  /** The stream has ended. */
  readonly onFailure: (error: unknown) => void
  readonly signal: AbortSignal
}

const ALWAYS_VISIBLE: RuntimeVisibilityAdapter = { getCurrentState: () => 'visible', subscribe: () => () => undefined }
/** What a session is to wait for is decided in core, once for all providers. */
const NO_RETRIES = { initialDelay: 0, maxDelay: 0, multiplier: 1, maxRetries: 0 }

/** Follows the shape of one table, from a place or anew, until the signal. */
export class ShapeReader {
  readonly #stream: ShapeStream
  readonly #stop = new AbortController()

  constructor(parts: ReaderParts) {
    const { logger, onFailure, onStep, place, plan, query, requester, url } = parts
    const log = new TableLog(plan, place, logger)
    let snapshotBegins = false
    this.#stream = new ShapeStream({
      url,
      // Its type forbids names that the client itself sends; what the app adds is the app's to know.
      params: { ...query, ...plan.query } as NonNullable<ShapeStreamOptions['params']>,
      ...(place === undefined ? {} : { handle: place.handle, offset: place.offset as `${number}_${number}` }),
      fetchClient: shapeFetch(requester, { onSnapshot: () => (snapshotBegins = true), onSchema: (schema) => log.rows.describe(schema) }),
      backoffOptions: NO_RETRIES,
      // The tab that leads works for all tabs, also when it is not looked at.
      runtimeVisibility: ALWAYS_VISIBLE,
      // Ours is in the fetch; a quiet repetition here would hide from core that the network is away.
      liveRequestTimeoutMs: false,
      warnOnHttp: false,
      signal: AbortSignal.any([parts.signal, this.#stop.signal]),
    })
    const read = async (messages: readonly Message[]): Promise<void> => {
      if (snapshotBegins && !isMustRefetch(messages)) {
        snapshotBegins = false
        log.beginSnapshot()
      }
      const step = log.take(messages, { handle: this.#stream.shapeHandle ?? '', offset: this.#stream.lastOffset })
      if (step !== undefined) await onStep(step)
    }
    this.#stream.subscribe((messages) => read(messages).catch(onFailure), (error) => onFailure(streamError(error)))
  }

  /** Asks at once how far the service is. A waiting request is given up for it. */
  refresh(): void {
    // Rejects when the stream ends before the answer, which is told by `onFailure`.
    this.#stream.forceDisconnectAndRefresh().catch(() => undefined)
  }

  /** Also where the client itself would go on: it knows nothing of what we could not follow. */
  stop(): void {
    this.#stop.abort()
    this.#stream.unsubscribeAll()
  }
}

/** The client's own word, sent before it asks for the snapshot. */
function isMustRefetch(messages: readonly Message[]): boolean {
  return messages.some(({ headers }) => 'control' in headers && headers.control === 'must-refetch')
}

function streamError(error: unknown): unknown {
  if (isBseError(error)) return error
  if (error instanceof FetchError) return notOurs('data-electric.changes', error.status, error)
  // Missing headers, a body that is no JSON: not the service that was asked, or a proxy that keeps things back.
  return new BseError('NETWORK', 'data-electric.changes: the answer is not that of the server which was asked', { status: undefined }, { cause: error })
}
