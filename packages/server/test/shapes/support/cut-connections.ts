import { connect, createServer, type AddressInfo, type Socket } from 'node:net'

export interface CutConnections {
  readonly port: number
  /** From the server to clients, up to now. */
  sentBytes(): number
  close(): void
}

/** Passes bytes on; once so many have come from the server, it cuts that connection, and none after it. */
export async function cutConnections(port: number, cutAtBytes: number): Promise<CutConnections> {
  let sent = 0
  let isCut = false
  const sockets = new Set<Socket>()
  const server = createServer((client) => {
    const upstream = connect(port, '127.0.0.1')
    for (const socket of [client, upstream]) {
      sockets.add(socket)
      socket.on('error', () => socket.destroy())
      socket.once('close', () => [client, upstream].forEach((one) => one.destroy()))
    }
    client.pipe(upstream)
    upstream.on('data', (bytes: Buffer) => {
      const before = sent
      sent += bytes.length
      if (isCut || sent <= cutAtBytes) return void client.write(bytes)
      isCut = true
      client.write(bytes.subarray(0, cutAtBytes - before), () => client.resetAndDestroy())
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const close = (): void => {
    for (const socket of sockets) socket.destroy()
    server.close()
  }
  return { port: (server.address() as AddressInfo).port, sentBytes: () => sent, close }
}
