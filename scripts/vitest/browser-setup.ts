import { spawn, type ChildProcess, type ChildProcessByStdio } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import type { Readable, Writable } from 'node:stream'
import type { TestProject } from 'vitest/node'

declare module 'vitest' {
  interface ProvidedContext {
    /** A real server, in a process of its own, for the tests that run in a browser; they share it. */
    readonly blobServerUrl: string
    /** The same for shapes of an embedded database. */
    readonly shapeServerUrl: string
    /** How many random histories each mode of the shapes' client is tried with. */
    readonly shapeHistories: number
  }
}

/** Starts the servers before the browser's tests; the returned function stops them and erases their data. */
export async function setup(project: TestProject): Promise<() => Promise<void>> {
  const directory = await mkdtemp(join(tmpdir(), 'bse-browser-'))
  const [blobs, shapes] = [start('blob-server.ts', directory), start('shape-server.ts')]
  project.provide('blobServerUrl', await firstUrl(blobs.server))
  project.provide('shapeServerUrl', await firstUrl(shapes.server))
  project.provide('shapeHistories', Number(process.env['BSE_SHAPE_HISTORIES'] ?? 1))
  return async () => {
    for (const { exited, server } of [blobs, shapes]) {
      server.stdin.end()
      await exited
    }
    await rm(directory, { recursive: true, force: true })
  }
}

function start(script: string, ...args: readonly string[]): { readonly server: ChildProcessByStdio<Writable, Readable, null>; readonly exited: Promise<void> } {
  const server = spawn(process.execPath, ['--conditions=@bse/source', '--no-warnings', join(import.meta.dirname, script), ...args], { stdio: ['pipe', 'pipe', 'inherit'] })
  return { server, exited: new Promise((resolve) => server.once('close', () => resolve())) }
}

async function firstUrl(server: ChildProcess): Promise<string> {
  if (server.stdout === null) throw new Error('a server for the browser tests has no output')
  for await (const line of createInterface({ input: server.stdout })) {
    const url = /^listening on (\S+)$/.exec(line)?.[1]
    if (url !== undefined) return url
  }
  throw new Error('a server for the browser tests did not start')
}
