import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll } from 'vitest'

interface Listening {
  readonly port: number
  close(): Promise<void>
}

/** A framework's own server over a directory of its own, for all tests of a file. */
export function mountedServer(start: (directory: string) => Promise<Listening>, patienceMs = 30_000): { readonly url: string } {
  let port = 0
  let stop = async (): Promise<void> => undefined
  beforeAll(async () => {
    const directory = await mkdtemp(join(tmpdir(), 'bse-mount-'))
    const server = await start(directory)
    port = server.port
    stop = async () => {
      await server.close()
      await rm(directory, { recursive: true, force: true })
    }
  }, patienceMs)
  afterAll(() => stop())
  return {
    get url() {
      return `http://127.0.0.1:${port}`
    },
  }
}
