import { spawn } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, vi } from 'vitest'

/** A `bse-server` in a process of its own, for all tests of a file. */
export function processServer(): { readonly url: string } {
  let url = ''
  let stop = async (): Promise<void> => undefined
  beforeAll(async () => {
    const directory = await mkdtemp(join(tmpdir(), 'bse-http-'))
    const cli = join(import.meta.dirname, '../../../server/src/cli.ts')
    const child = spawn(process.execPath, ['--conditions=@bse/source', cli, '--port', '0', '--data', directory])
    let output = ''
    for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk: Buffer) => (output += chunk.toString()))
    const exited = new Promise((resolve) => child.once('close', resolve))
    stop = async () => {
      child.kill('SIGTERM')
      await exited
      await rm(directory, { recursive: true, force: true })
    }
    url = await vi.waitFor(() => urlIn(output), { timeout: 20_000 })
  }, 30_000)
  afterAll(() => stop())
  return {
    get url() {
      return url
    },
  }
}

function urlIn(output: string): string {
  const url = /^listening on (\S+)$/m.exec(output)?.[1]
  if (url === undefined) throw new Error(`the server does not listen: ${output}`)
  return url
}
