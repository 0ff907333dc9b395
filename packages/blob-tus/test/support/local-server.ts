import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll } from 'vitest'
import { startServer, type RunningServer } from '@bse/server/node'

/** A real server with tus beside its blobs, for all tests of a file. */
export function localServer(): { readonly url: string; readonly port: number } {
  let server: RunningServer | undefined
  let directory = ''
  beforeAll(async () => {
    directory = await mkdtemp(join(tmpdir(), 'bse-tus-'))
    server = await startServer({ dataDirectory: directory, timeouts: { stopMs: 100 } })
  })
  afterAll(async () => {
    await server?.close()
    await rm(directory, { recursive: true, force: true })
  })
  return {
    get url() {
      return server?.url ?? ''
    },
    get port() {
      return server?.port ?? 0
    },
  }
}
