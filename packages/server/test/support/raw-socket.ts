import { connect, type Socket } from 'node:net'
import { onTestFinished } from 'vitest'

export interface RawSocket {
  readonly socket: Socket
  /** All that came so far, as Latin-1. */
  received(): string
  /** Resolves when the other side has closed the connection. */
  readonly closed: Promise<void>
}

/** A connection that sends exactly what it is told. */
export async function rawSocket(port: number): Promise<RawSocket> {
  const socket = connect(port, '127.0.0.1')
  const chunks: Buffer[] = []
  socket.on('data', (chunk) => chunks.push(chunk))
  // A reset is one of the ways to be cut off; `closed` tells it.
  socket.on('error', () => undefined)
  const closed = new Promise<void>((resolve) => socket.once('close', () => resolve()))
  onTestFinished(() => void socket.destroy())
  await new Promise<void>((resolve) => socket.once('connect', () => resolve()))
  return { socket, closed, received: () => Buffer.concat(chunks).toString('latin1') }
}

/** Sends one request and gives all that came until the server closed. */
export async function exchange(port: number, head: readonly string[], body: Uint8Array | string = ''): Promise<string> {
  const raw = await rawSocket(port)
  raw.socket.write(`${[...head, 'Connection: close'].join('\r\n')}\r\n\r\n`)
  raw.socket.write(body)
  await raw.closed
  return raw.received()
}
