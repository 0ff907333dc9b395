// Shapes of an embedded database for tests in a browser: `node --conditions=@bse/source shape-server.ts`. It ends with its standard input.
// `POST /sql` runs the body, so that a test can write; nothing but tests has such a route.
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { openShapeServer } from '../../packages/server/test/shapes/support/browser-server.ts'

const { answer, close, run } = await openShapeServer()
const server = createServer((incoming, outgoing) => {
  if (incoming.url === '/sql') void runSql(incoming, outgoing)
  else void answer(incoming, outgoing)
})
server.listen(0, '127.0.0.1', () => process.stdout.write(`listening on http://127.0.0.1:${(server.address() as AddressInfo).port}\n`))
process.stdin.resume().once('end', () => {
  server.closeAllConnections()
  void close().then(() => process.exit(0))
})

async function runSql(incoming: IncomingMessage, outgoing: ServerResponse): Promise<void> {
  const chunks: Buffer[] = []
  for await (const chunk of incoming) chunks.push(chunk as Buffer)
  await run(Buffer.concat(chunks).toString('utf8'))
  outgoing.writeHead(204, { 'access-control-allow-origin': incoming.headers.origin ?? '*' }).end()
}
