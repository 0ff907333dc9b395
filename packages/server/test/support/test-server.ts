import { randomBytes } from 'node:crypto'
import { mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { onTestFinished } from 'vitest'
import { blobHashFromBytes, type BlobHash } from '@bse/core/wire'
import { startServer, type ServerOptions } from '../../src/node.ts'

export interface TestServer {
  readonly url: string
  readonly port: number
  readonly directory: string
  close(): Promise<void>
}

export async function temporaryDirectory(): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), 'bse-server-'))
  onTestFinished(() => rm(directory, { recursive: true, force: true }))
  return directory
}

/** A real server in this process; stopped and erased after the test. */
export async function testServer(options: Partial<ServerOptions> = {}): Promise<TestServer> {
  const directory = await temporaryDirectory()
  const server = await startServer({ dataDirectory: directory, timeouts: { stopMs: 100 }, ...options })
  onTestFinished(() => server.close())
  return { ...server, directory }
}

export async function hashOf(bytes: Uint8Array<ArrayBuffer>): Promise<BlobHash> {
  return blobHashFromBytes(new Uint8Array(await crypto.subtle.digest('SHA-256', bytes)))
}

export async function randomBlob(sizeBytes: number): Promise<{ readonly hash: BlobHash; readonly bytes: Uint8Array<ArrayBuffer> }> {
  const bytes = new Uint8Array(randomBytes(sizeBytes))
  return { bytes, hash: await hashOf(bytes) }
}

export function put(server: { readonly url: string }, hash: string, bytes: Uint8Array<ArrayBuffer>, headers: Record<string, string> = {}): Promise<Response> {
  return fetch(`${server.url}/blobs/${hash}`, { method: 'PUT', body: bytes, headers })
}

/** A stored blob of so many random bytes. */
export async function storedBlob(server: { readonly url: string }, sizeBytes: number): Promise<{ readonly hash: BlobHash; readonly bytes: Uint8Array<ArrayBuffer> }> {
  const blob = await randomBlob(sizeBytes)
  const response = await put(server, blob.hash, blob.bytes)
  if (response.status !== 201) throw new Error(`the blob was not stored: ${response.status}`)
  return blob
}

export async function codeOf(response: Response): Promise<unknown> {
  return ((await response.json()) as { readonly error?: { readonly code?: unknown } }).error?.code
}

/** Every file below the data directory, by name. */
export async function filesOf(directory: string): Promise<readonly string[]> {
  const entries = await readdir(directory, { recursive: true, withFileTypes: true })
  return entries.filter((entry) => entry.isFile()).map((entry) => entry.name)
}
