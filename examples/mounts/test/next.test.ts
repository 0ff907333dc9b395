import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { describe, it } from 'vitest'
import { httpBlobs } from '@bse/blob-http'
import { blobProviderSuite } from '@bse/core/testing'
import { mountedServer } from './support/mounted-server.ts'

const command = createRequire(import.meta.url).resolve('next/dist/bin/next')
const project = join(import.meta.dirname, '..')
const headers = { authorization: 'Bearer open sesame' }

/** Compiles the route at the first request, which takes its time. */
const server = mountedServer(async (directory) => {
  const env = { ...process.env, BLOBS_DIRECTORY: directory, NEXT_TELEMETRY_DISABLED: '1', NODE_ENV: 'development', NODE_OPTIONS: '--conditions=@bse/source' }
  const child = spawn(process.execPath, [command, 'dev', '--webpack', '--hostname', '127.0.0.1', '--port', '0'], { cwd: project, env, stdio: ['ignore', 'pipe', 'inherit'] })
  const exited = once(child, 'close')
  let said = ''
  for await (const chunk of child.stdout.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>) {
    said += chunk.toString()
    const port = /Local: +http:\/\/127\.0\.0\.1:(\d+)/.exec(said)?.[1]
    if (port === undefined) continue
    await (await fetch(`http://127.0.0.1:${port}/blobs`, { headers })).body?.cancel()
    child.stdout.resume()
    return { port: Number(port), close: async () => void (child.kill(), await exited) }
  }
  throw new Error(`Next did not start: ${said}`)
}, 90_000)

blobProviderSuite({ describe, it }, { name: 'http in Next', open: async () => ({ provider: httpBlobs({ url: `${server.url}/blobs`, headers }) }) })
