import { spawn } from 'node:child_process'
import { join } from 'node:path'
import { createInterface } from 'node:readline'

/** What `s3Blobs` needs. */
export interface S3Addresses {
  readonly storeUrl: string
  readonly presignEndpoint: string
}

declare module 'vitest/browser' {
  interface BrowserCommands {
    /** Ceph and a signing server, started when the first test asks; all tests of a run share them. */
    s3Backend(): Promise<S3Addresses>
    /** A Worker with an R2 bucket, likewise. */
    r2Worker(): Promise<{ readonly url: string }>
    /** Shapes and mutations of a database with the RFC's table, and its rows, likewise. */
    electricServer(): Promise<{ readonly url: string }>
  }
}

const started = new Map<string, Promise<unknown>>()

/** The first line that the script prints, as JSON. */
function backend<T>(script: string): () => Promise<T> {
  return () => {
    const running = started.get(script) ?? start(script)
    started.set(script, running)
    return running as Promise<T>
  }
}

/** In a process of its own, which ends with this one. */
async function start(script: string): Promise<unknown> {
  const server = spawn(process.execPath, ['--conditions=@bse/source', '--no-warnings', join(import.meta.dirname, script)], { stdio: ['pipe', 'pipe', 'inherit'] })
  for await (const line of createInterface({ input: server.stdout })) {
    for (const handle of [server, server.stdin, server.stdout] as unknown as readonly { unref?(): void }[]) handle.unref?.()
    return JSON.parse(line)
  }
  throw new Error(`${script} did not start`)
}

export const backendCommands: { s3Backend(): Promise<S3Addresses>; r2Worker(): Promise<{ readonly url: string }>; electricServer(): Promise<{ readonly url: string }> } = {
  s3Backend: backend('s3-server.ts'),
  r2Worker: backend('r2-server.ts'),
  electricServer: backend('electric-server.ts'),
}
