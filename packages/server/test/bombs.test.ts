import { readFile } from 'node:fs/promises'
import { gzipSync } from 'node:zlib'
import { expect, it } from 'vitest'
import { bseServer, listening } from './support/bse-server.ts'
import { codeOf, hashOf, put, temporaryDirectory } from './support/test-server.ts'

const MIB = 1_048_576
/** Each inflates to a thousand times its size; gzip takes one behind the other for one file. */
const MEMBER = gzipSync(new Uint8Array(10 * MIB))
const BOMB_BYTES = 10 * MIB

function bomb(): Uint8Array<ArrayBuffer> {
  const members = Math.floor(BOMB_BYTES / MEMBER.length)
  const bytes = new Uint8Array(members * MEMBER.length)
  for (let index = 0; index < members; index++) bytes.set(MEMBER, index * MEMBER.length)
  return bytes
}

/** The most memory that the process ever had, in bytes. */
async function peakBytes(pid: number | undefined): Promise<number> {
  return Number(/VmHWM:\s*(\d+) kB/.exec(await readFile(`/proc/${pid}/status`, 'utf8'))?.[1]) * 1_024
}

// F-75
it('takes ten gigabytes in ten megabytes for what they are, and inflates nothing', async () => {
  const running = bseServer('--port', '0', '--data', await temporaryDirectory(), '--log-level', 'silent')
  const url = await listening(running)
  const bytes = bomb()
  const hash = await hashOf(bytes)
  const before = await peakBytes(running.child.pid)
  const encoded = await put({ url }, hash, bytes, { 'content-encoding': 'gzip' })
  expect([encoded.status, await codeOf(encoded)]).toEqual([415, 'REJECTED'])
  expect((await put({ url }, hash, bytes)).status).toBe(201)
  const back = await fetch(`${url}/blobs/${hash}`)
  expect([back.headers.get('content-encoding'), back.headers.get('content-type')]).toEqual([null, 'application/octet-stream'])
  expect(await hashOf(new Uint8Array(await back.arrayBuffer()))).toBe(hash)
  expect((await peakBytes(running.child.pid)) - before).toBeLessThan(100 * MIB)
}, 60_000)
