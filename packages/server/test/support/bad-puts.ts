import { randomBytes, randomInt } from 'node:crypto'
import { readdir } from 'node:fs/promises'
import type { BlobHash } from '@bse/core/wire'
import { hashOf, put, type TestServer } from './test-server.ts'
import { created, patch } from './tus-client.ts'

type Bytes = Uint8Array<ArrayBuffer>

/** What may happen to bytes on their way, as long as other bytes come out. */
const spoilers: readonly ((bytes: Bytes) => Bytes)[] = [
  (bytes) => {
    const at = randomInt(bytes.length)
    return bytes.map((byte, index) => (index === at ? byte ^ (1 << randomInt(8)) : byte))
  },
  (bytes) => bytes.slice(0, randomInt(bytes.length)),
  (bytes) => new Uint8Array([...bytes, randomInt(256)]),
  (bytes) => new Uint8Array([...bytes.slice(1), bytes[0] === bytes[1] ? (bytes[0] ?? 0) ^ 1 : (bytes[0] ?? 0)]),
  (bytes) => new Uint8Array([...bytes, ...bytes]),
]

export interface BadPut {
  readonly status: number
  readonly hash: BlobHash
}

/** Sends spoiled bytes under the hash of the right ones, by PUT or, every fifth time, by tus. */
export async function badPut(server: TestServer, index: number): Promise<BadPut> {
  const right = new Uint8Array(randomBytes(2 + randomInt(2_000)))
  const hash = await hashOf(right)
  const wrong = (spoilers[index % spoilers.length] ?? ((bytes: Bytes) => bytes))(right)
  if ((await hashOf(wrong)) === hash) return badPut(server, index)
  if (index % 5 !== 0) return { hash, status: (await put(server, hash, wrong)).status }
  const upload = await created(server.url, hash, wrong.length)
  return { hash, status: (await patch(upload, 0, wrong)).status }
}

/** What lies on the disk below the data directory: names of files of blobs and of uploads. */
export async function storedFiles({ directory }: TestServer): Promise<readonly string[]> {
  const entries = await readdir(directory, { recursive: true, withFileTypes: true })
  return entries.filter((entry) => entry.isFile() && !entry.parentPath.includes('rows')).map(({ name }) => name)
}
