import { spawn, type ChildProcess } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import type { TestProject } from 'vitest/node'

declare module 'vitest' {
  interface ProvidedContext {
    /** A real server, in a process of its own, for the tests that run in a browser; they share it. */
    readonly blobServerUrl: string
  }
}

/** Starts the server before the browser's tests; the returned function stops it and erases its data. */
export async function setup(project: TestProject): Promise<() => Promise<void>> {
  const directory = await mkdtemp(join(tmpdir(), 'bse-browser-'))
  const script = join(import.meta.dirname, 'blob-server.ts')
  const server = spawn(process.execPath, ['--conditions=@bse/source', script, directory], { stdio: ['pipe', 'pipe', 'inherit'] })
  const exited = new Promise<void>((resolve) => server.once('close', () => resolve()))
  project.provide('blobServerUrl', await firstUrl(server))
  return async () => {
    server.stdin.end()
    await exited
    await rm(directory, { recursive: true, force: true })
  }
}

async function firstUrl(server: ChildProcess): Promise<string> {
  if (server.stdout === null) throw new Error('the blob server has no output')
  for await (const line of createInterface({ input: server.stdout })) {
    const url = /^listening on (\S+)$/.exec(line)?.[1]
    if (url !== undefined) return url
  }
  throw new Error('the blob server for the browser tests did not start')
}
