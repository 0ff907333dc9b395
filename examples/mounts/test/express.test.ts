import { spawn } from 'node:child_process'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { describe, it } from 'vitest'
import { httpBlobs } from '@bse/blob-http'
import { blobProviderSuite } from '@bse/core/testing'
import { mountedServer } from './support/mounted-server.ts'

/** In a process of its own: the test runner resolves CommonJS packages by conditions that Express does not expect. */
const server = mountedServer(async (directory) => {
  const script = join(import.meta.dirname, 'support/express-process.ts')
  const child = spawn(process.execPath, ['--conditions=@bse/source', script, directory], { stdio: ['pipe', 'pipe', 'inherit'] })
  const exited = new Promise<void>((resolve) => child.once('close', () => resolve()))
  const close = async (): Promise<void> => {
    child.stdin.end()
    await exited
  }
  for await (const line of createInterface({ input: child.stdout })) return { port: Number(line), close }
  throw new Error('the Express server did not start')
})

const headers = { authorization: 'Bearer open sesame' }

blobProviderSuite({ describe, it }, { name: 'http in Express', open: async () => ({ provider: httpBlobs({ url: `${server.url}/blobs`, headers }) }) })
