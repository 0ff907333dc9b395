// `node --conditions=@bse/source express-process.ts DIRECTORY`: prints its port, ends with its standard input.
import type { AddressInfo } from 'node:net'
import { directoryStorage } from '@bse/server/node'
import { expressApp } from '../../src/express.ts'

const [, , directory = ''] = process.argv
const server = expressApp(directoryStorage(directory)).listen(0, '127.0.0.1')
server.once('listening', () => process.stdout.write(`${(server.address() as AddressInfo).port}\n`))
process.stdin.resume().once('end', () => process.exit(0))
