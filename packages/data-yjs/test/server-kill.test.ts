import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, test, vi } from 'vitest'
import * as Y from 'yjs'
import { hocuspocusSync } from '../src/index.ts'
import { hocuspocusClient } from './support/hocuspocus-client.ts'

const SCRIPT = fileURLToPath(new URL('./support/rows-process.ts', import.meta.url))

async function startServer(directory: string): Promise<{ readonly process: ChildProcess; readonly port: number }> {
  const child = spawn(process.execPath, ['--conditions=@bse/source', SCRIPT, directory], { stdio: ['ignore', 'pipe', 'inherit'] })
  const [line] = (await once(child.stdout, 'data')) as [Buffer]
  return { process: child, port: Number(line.toString()) }
}

async function kill(server: { readonly process: ChildProcess }): Promise<void> {
  const gone = once(server.process, 'exit')
  server.process.kill('SIGKILL')
  await gone
}

const ROUNDS = 3

test('a killed server has everything that it ever acknowledged', { timeout: 120_000 }, async () => { // F-1 I2
  const directory = await mkdtemp(join(tmpdir(), 'bse-rows-kill-'))
  try {
    const promised = new Set<string>()
    for (let round = 0; round <= ROUNDS; round++) await writeUntilKilled(directory, round, promised)
  } finally {
    await rm(directory, { recursive: true, force: true })
  }
})

/** Each writer is gone for good with its server: nothing but the server's disk can have what was acknowledged. */
async function writeUntilKilled(directory: string, round: number, promised: Set<string>): Promise<void> {
  const server = await startServer(directory)
  const doc = new Y.Doc()
  const sync = hocuspocusSync(hocuspocusClient({ port: server.port, doc }))
  const map = doc.getMap<number>('bse:photos')
  await vi.waitFor(() => expect(sync.state.serverHasAll).toBe(true), { timeout: 10_000 })
  expect([...promised].filter((key) => !map.has(key))).toEqual([])
  const enough = promised.size + 10 * (round + 1)
  sync.subscribe(() => {
    if (sync.state.serverHasAll) for (const key of map.keys()) promised.add(key)
  })
  for (let n = 0; promised.size < enough; n++) {
    map.set(`${round}-${n}`, n)
    await vi.waitFor(() => expect(sync.state.serverHasAll).toBe(true), { interval: 1, timeout: 10_000 })
  }
  for (let n = 0; n < 50; n++) map.set(`${round}-tail-${n}`, n)
  await kill(server)
  await sync.close()
}
