import type { IncomingMessage, Server, ServerResponse } from 'node:http'
import type { Duplex } from 'node:stream'

interface Exchange {
  readonly incoming: IncomingMessage
  readonly outgoing: ServerResponse
}

/** Knows who is connected, so that the idle are dropped and a stop can end what is left. */
export class Connections {
  readonly #server: Server
  readonly #exchanges = new Map<Duplex, Exchange>()
  readonly #upgraded = new Set<Duplex>()
  #stopping = false

  constructor(server: Server, idleMs: number) {
    this.#server = server
    server.setTimeout(idleMs)
    server.on('timeout', (socket) => {
      if (!this.#isWaitingForUs(socket)) socket.destroy()
    })
  }

  track(incoming: IncomingMessage, outgoing: ServerResponse): void {
    this.#exchanges.set(incoming.socket, { incoming, outgoing })
    outgoing.once('close', () => {
      this.#exchanges.delete(incoming.socket)
      if (this.#stopping) this.#server.closeIdleConnections()
    })
  }

  /** From here on the socket speaks another protocol, with timers of its own. */
  trackUpgraded(socket: Duplex): void {
    this.#upgraded.add(socket)
    socket.on('error', () => socket.destroy())
    socket.once('close', () => this.#upgraded.delete(socket))
  }

  /** Takes no new connections; lets answers under way finish until `deadlineMs` from now, then cuts what is left. */
  async stop(deadlineMs: number): Promise<void> {
    this.#stopping = true
    const { promise: closed, resolve } = Promise.withResolvers<void>()
    this.#server.close(() => resolve())
    this.#server.closeIdleConnections()
    for (const { outgoing } of this.#exchanges.values()) outgoing.shouldKeepAlive = false
    const deadline = setTimeout(() => this.#cut(), deadlineMs)
    await closed
    clearTimeout(deadline)
  }

  /** Ends what was upgraded; the owner of the protocol has said goodbye before. */
  dropUpgraded(): void {
    for (const socket of this.#upgraded) socket.destroy()
  }

  #cut(): void {
    this.#server.closeAllConnections()
    this.dropUpgraded()
  }

  /** Silent because we still work on a request that is complete: a slow disk is not the client's fault. */
  #isWaitingForUs(socket: Duplex): boolean {
    const exchange = this.#exchanges.get(socket)
    return exchange !== undefined && exchange.incoming.complete && !exchange.outgoing.headersSent
  }
}
