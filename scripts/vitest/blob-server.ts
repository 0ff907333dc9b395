// A server for tests in a browser: `node --conditions=@bse/source blob-server.ts DIRECTORY`. It ends with its standard input.
import { startServer } from '../../packages/server/src/node.ts'

/** The page of the test runner has a port of its own, which nobody knows beforehand. */
function isThisMachine(origin: string): boolean {
  return URL.canParse(origin) && ['localhost', '127.0.0.1'].includes(new URL(origin).hostname)
}

const dataDirectory = process.argv[2]
if (dataDirectory === undefined) throw new Error('wants a directory')
const server = await startServer({ dataDirectory, origins: isThisMachine, timeouts: { stopMs: 500 } })
process.stdout.write(`listening on ${server.url}\n`)
process.stdin.resume().once('end', () => void server.close().then(() => process.exit(0)))
