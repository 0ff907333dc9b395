import { mkdtemp, rm } from 'node:fs/promises'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createRowsServer, type RowsAuthorize, type RowsServer } from '@bse/server/node'

/** The rows server of `@bse/server` on a port of its own, over a directory that outlives it. */
export class RowsHost {
  readonly directory: string
  readonly #server: Server
  readonly #rows: RowsServer

  private constructor(directory: string, server: Server, rows: RowsServer) {
    this.directory = directory
    this.#server = server
    this.#rows = rows
  }

  static async open(options: { readonly directory?: string; readonly authorize?: RowsAuthorize } = {}): Promise<RowsHost> {
    const directory = options.directory ?? (await mkdtemp(join(tmpdir(), 'bse-rows-')))
    const rows = await createRowsServer({ dataDirectory: directory, authorize: options.authorize })
    const server = createServer()
    server.on('upgrade', (request, socket, head) => rows.handleUpgrade(request, socket, head))
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    return new RowsHost(directory, server, rows)
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port
  }

  async close(): Promise<void> {
    await this.#rows.close()
    await new Promise<void>((resolve) => this.#server.close(() => resolve()))
  }

  async erase(): Promise<void> {
    await this.close()
    await rm(this.directory, { recursive: true, force: true })
  }
}
