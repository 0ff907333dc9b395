import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Logger } from '@bse/core/provider'

/** The path alone: a query may carry what must not be in a log. */
export function pathOf(incoming: IncomingMessage): string {
  const target = incoming.url ?? ''
  const query = target.search(/[?#]/)
  return query === -1 ? target : target.slice(0, query)
}

/** One line for each request, when its answer is out or its connection is gone. */
export function logRequest(logger: Logger | undefined, incoming: IncomingMessage, outgoing: ServerResponse): void {
  if (logger === undefined) return
  const startedMs = performance.now()
  outgoing.once('close', () => {
    const ms = Math.round(performance.now() - startedMs)
    logger.info('request', { method: incoming.method, path: pathOf(incoming), status: outgoing.statusCode, ms, complete: outgoing.writableFinished })
  })
}
