// The server that `shapes.ts` measures, in a process of its own so that its memory is its own. Ends with its standard input.
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { openBenchServer } from '../packages/server/test/shapes/support/bench-server.ts'

const { answer, change, close } = await openBenchServer(process.argv[2] ?? '')
const server = createServer((incoming, outgoing) => {
  incoming.resume()
  if (incoming.url === '/change') void change().then(() => outgoing.end())
  else if (incoming.url === '/memory') outgoing.end(JSON.stringify(process.memoryUsage()))
  else void answer(incoming, outgoing)
})
// A client that is busy for seconds must not find its connection closed as it uses it again.
server.keepAliveTimeout = 600_000
server.listen(0, '127.0.0.1', 4_096, () => process.stdout.write(`http://127.0.0.1:${(server.address() as AddressInfo).port}\n`))
process.stdin.resume().once('end', () => {
  server.closeAllConnections()
  void close().then(() => process.exit(0))
})
