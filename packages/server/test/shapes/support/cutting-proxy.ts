import { connect, createServer, type AddressInfo, type Socket } from 'node:net'
import { onTestFinished } from 'vitest'

export interface CuttingProxy {
  readonly url: string
  /** From the server to clients, up to now. */
  sentBytes(): number
}

/** Passes bytes on; once so many have come from the server, it cuts that connection, and none after it. */
export async function cuttingProxy(port: number, cutAtBytes: number = Infinity): Promise<CuttingProxy> {
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
  onTestFinished(() => {
    for (const socket of sockets) socket.destroy()
    server.close()
  })
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1/shape`, sentBytes: () => sent }
}
