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
  }
}

let started: Promise<S3Addresses> | undefined

export function s3Backend(): Promise<S3Addresses> {
  return (started ??= start())
}

/** In a process of its own, which ends with this one. */
async function start(): Promise<S3Addresses> {
  const server = spawn(process.execPath, ['--conditions=@bse/source', '--no-warnings', join(import.meta.dirname, 's3-server.ts')], { stdio: ['pipe', 'pipe', 'inherit'] })
  for await (const line of createInterface({ input: server.stdout })) {
    for (const handle of [server, server.stdin, server.stdout] as unknown as readonly { unref?(): void }[]) handle.unref?.()
    return JSON.parse(line) as S3Addresses
  }
  throw new Error('the S3 backend for the browser tests did not start')
}
