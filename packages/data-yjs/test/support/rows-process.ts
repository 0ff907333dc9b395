import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { createRowsServer } from '@bse/server/node'

/** A rows server to be killed: the directory is its argument, its port is what it prints. */
const [directory = ''] = process.argv.slice(2)
const rows = await createRowsServer({ dataDirectory: directory })
const server = createServer()
server.on('upgrade', (request, socket, head) => rows.handleUpgrade(request, socket, head))
server.listen(0, '127.0.0.1', () => process.stdout.write(`${(server.address() as AddressInfo).port}\n`))
