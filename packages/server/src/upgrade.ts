import type { IncomingMessage } from 'node:http'
import type { Duplex } from 'node:stream'
import { refuseForeignWrite, type AllowedOrigins } from './cors.ts'
import { pathOf } from './request-log.ts'

/**
 * Why a WebSocket may not be opened, as a status line; `undefined` when it may. A browser sends no preflight for a WebSocket:
 * the origin is all that tells a foreign page from ours. Who else may come in is for the rows to decide.
 */
export function upgradeRefusal(incoming: IncomingMessage, origins: AllowedOrigins): string | undefined {
  if (pathOf(incoming) !== '/sync') return '404 Not Found'
  const url = `http://${incoming.headers.host ?? ''}/sync`
  if (!URL.canParse(url)) return '400 Bad Request'
  const { origin } = incoming.headers
  try {
    refuseForeignWrite(new Request(url, { headers: origin === undefined ? {} : { origin } }), origins)
    return undefined
  } catch {
    return '403 Forbidden'
  }
}

export function refuseUpgrade(socket: Duplex, status: string): void {
  socket.end(`HTTP/1.1 ${status}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`)
}
