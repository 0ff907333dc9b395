// Shapes of an embedded database for tests in a browser: `node --conditions=@bse/source shape-server.ts`. It ends with its standard input.
// `POST /sql` runs the body, `/select` answers with what it selects, `/restart` stops the endpoint and starts it again, `/cut` opens another port that cuts
// one connection after so many bytes, `/sent` says how many came through a port. Nothing but tests has such routes.
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { openShapeServer } from '../../packages/server/test/shapes/support/browser-server.ts'
import { cutConnections, type CutConnections } from '../../packages/server/test/shapes/support/cut-connections.ts'

const { answer, close, restart, run, select } = await openShapeServer()
const cutting = new Map<string, CutConnections>()

const controls: Readonly<Record<string, (body: string) => Promise<string>>> = {
  '/sql': async (body) => {
    await run(body)
    return ''
  },
  '/select': select,
  '/restart': async () => {
    await restart()
    return ''
  },
  '/cut': async (body) => {
    const made = await cutConnections((server.address() as AddressInfo).port, body === '' ? Infinity : Number(body))
    const url = `http://127.0.0.1:${made.port}`
    cutting.set(url, made)
    return url
  },
  '/sent': async (body) => String(cutting.get(body)?.sentBytes() ?? 0),
}

const server = createServer((incoming, outgoing) => {
  const control = controls[incoming.url ?? '']
  if (control === undefined) void answer(incoming, outgoing)
  else void controlled(control, incoming, outgoing)
})
server.listen(0, '127.0.0.1', () => process.stdout.write(`listening on http://127.0.0.1:${(server.address() as AddressInfo).port}\n`))
process.stdin.resume().once('end', () => {
  server.closeAllConnections()
  for (const one of cutting.values()) one.close()
  void close().then(() => process.exit(0))
})

async function controlled(control: (body: string) => Promise<string>, incoming: IncomingMessage, outgoing: ServerResponse): Promise<void> {
  const chunks: Buffer[] = []
  for await (const chunk of incoming) chunks.push(chunk as Buffer)
  const text = await control(Buffer.concat(chunks).toString('utf8'))
  outgoing.writeHead(200, { 'access-control-allow-origin': incoming.headers.origin ?? '*' }).end(text)
}
