import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { expect, it, onTestFinished } from 'vitest'
import { bseServer, listening } from './support/bse-server.ts'
import { codeOf, filesOf, put, randomBlob, storedBlob, temporaryDirectory } from './support/test-server.ts'

/** From now on every write of the process finds the disk full; `end` gives the room back. */
async function fillDisk(pid: number | undefined): Promise<{ end(): Promise<void> }> {
  const strace = spawn('strace', ['-f', '-o', '/dev/null', '-e', 'trace=pwrite64', '-e', 'inject=pwrite64:error=ENOSPC', '-p', String(pid)], { stdio: ['ignore', 'ignore', 'pipe'] })
  const exited = once(strace, 'close')
  onTestFinished(() => void strace.kill('SIGKILL'))
  let said = ''
  strace.stderr.on('data', (chunk: Buffer) => (said += chunk.toString()))
  await expect.poll(() => said, { timeout: 20_000 }).toMatch(/attached/)
  return { end: async () => void (strace.kill('SIGINT'), await exited) }
}

// F-66 E-121 E-125
it('says that the disk is full, keeps nothing of what did not fit, still serves what it has, and goes on when there is room', async () => {
  const data = await temporaryDirectory()
  const running = bseServer('--port', '0', '--data', data, '--log-level', 'silent')
  const url = await listening(running)
  const old = await storedBlob({ url }, 100_000)
  const files = (await filesOf(data)).toSorted()
  const [first, second] = [await randomBlob(300_000), await randomBlob(10)]
  const full = await fillDisk(running.child.pid)
  for (const { bytes, hash } of [first, second]) {
    const refused = await put({ url }, hash, bytes)
    expect([refused.status, await codeOf(refused)]).toEqual([507, 'STORAGE_FULL'])
  }
  expect((await filesOf(data)).toSorted()).toEqual(files)
  expect(await (await fetch(`${url}/blobs/${old.hash}`)).bytes()).toEqual(old.bytes)
  expect((await fetch(`${url}/health`)).ok).toBe(true)
  await full.end()
  expect((await put({ url }, first.hash, first.bytes)).status).toBe(201)
}, 90_000)
