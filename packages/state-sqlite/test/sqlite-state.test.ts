import { isBseError, type StateStore } from '@bse/core/provider'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { sqliteState } from '../src/index.ts'
import { temporaryDirectory } from './temporary-directory.ts'

const STRICT = { durability: 'strict' } as const

async function put(store: StateStore, key: string, value: unknown): Promise<void> {
  await store.update([], () => ({ ops: [{ put: key, value }], result: undefined }), STRICT)
}

async function codeOf(work: Promise<unknown>): Promise<string> {
  const error: unknown = await work.then(() => undefined, (thrown: unknown) => thrown)
  return isBseError(error) ? error.code : `no error of ours: ${String(error)}`
}

function countUp(directory: string, times: number): ReturnType<typeof spawn> {
  const program = fileURLToPath(new URL('./fixtures/count-up.ts', import.meta.url))
  return spawn(process.execPath, ['--conditions=@bse/source', program, directory, String(times)], { stdio: 'inherit' })
}

function hold(directory: string): ReturnType<typeof spawn> {
  const program = fileURLToPath(new URL('./fixtures/hold.ts', import.meta.url))
  return spawn(process.execPath, ['--conditions=@bse/source', program, directory], { stdio: ['ignore', 'pipe', 'inherit'] })
}

describe('a process that has a database open', () => {
  it('keeps others out, and no longer once it was killed; its own stores share', async () => {
    const directory = await temporaryDirectory()
    const holder = hold(directory)
    if (holder.stdout !== null) await once(holder.stdout, 'data')
    const refused = sqliteState({ directory })('held')
    expect(await codeOf(refused.get(['n']))).toBe('ALREADY_OPEN')
    expect(await codeOf(put(refused, 'n', 2))).toBe('ALREADY_OPEN')
    const gone = once(holder, 'exit')
    holder.kill('SIGKILL')
    await gone
    expect(await refused.get(['n'])).toEqual([1])
    const second = sqliteState({ directory })('held')
    await put(second, 'n', 3)
    await refused.close()
    expect(await second.get(['n'])).toEqual([3])
    await second.close()
  })
})

describe('several processes', () => {
  // F-13
  it('lose no update of each other', async () => {
    const directory = await temporaryDirectory()
    const processes = [countUp(directory, 200), countUp(directory, 200), countUp(directory, 200)]
    const ends = await Promise.all(processes.map((process) => once(process, 'exit')))
    expect(ends.map(([status]) => Number(status))).toEqual([0, 0, 0])
    const store = sqliteState({ directory, sharesProcesses: true })('shared')
    expect(await store.get(['n'])).toEqual([600])
    await store.close()
  })

  it('hear of each other', async () => {
    const directory = await temporaryDirectory()
    const store = sqliteState({ directory, sharesProcesses: true })('shared')
    const stop = new AbortController()
    const seen: unknown[] = []
    for await (const change of store.watch(undefined, { signal: stop.signal })) {
      if ('reset' in change) countUp(directory, 5)
      else seen.push(...change.entries.map((entry) => entry.value))
      if (seen.at(-1) === 5) break
    }
    expect(seen).toEqual([...seen].sort())
    await store.close()
  })

  it('learn that the namespace was erased, also with the file still open', async () => {
    const directory = await temporaryDirectory()
    const store = sqliteState({ directory })('n')
    await put(store, 'a', 1)
    const file = (await readdir(directory)).find((name) => name.endsWith('.sqlite')) ?? ''
    // As another process has it, which reads when it opens.
    const other = new DatabaseSync(join(directory, file))
    other.exec('SELECT * FROM meta')
    await store.destroy()
    expect(other.prepare('SELECT count(*) AS n FROM records').get()).toMatchObject({ n: 0 })
    expect(other.prepare("SELECT value FROM meta WHERE name = 'erased'").get()).toMatchObject({ value: 1 })
    other.close()
    expect(await readdir(directory)).toEqual([])
  })
})

describe('names of files', () => {
  // F-88: two people must never share a database.
  it('keep namespaces apart that a file system would fold or follow', async () => {
    const directory = await temporaryDirectory()
    const names = ['a', 'A', 'a/b', '..', '.', 'con', 'a:b', 'a%2fb', ' ']
    const open = sqliteState({ directory })
    const stores = names.map((name) => open(name))
    for (const [n, store] of stores.entries()) await put(store, 'who', n)
    for (const [n, store] of stores.entries()) expect(await store.get(['who'])).toEqual([n])
    for (const store of stores) await store.close()
    expect((await readdir(directory)).filter((name) => name.endsWith('.sqlite'))).toHaveLength(names.length)
  })

  it('are refused where they cannot be written', () => {
    for (const name of ['', 'é', 'a'.repeat(101), 'a\nb']) expect(() => sqliteState({ directory: 'x' })(name)).toThrow(/namespace/)
  })
})

describe('a file that is not ours', () => {
  it('is left alone when a newer version wrote it', async () => {
    const directory = await temporaryDirectory()
    const newer = new DatabaseSync(join(directory, 'bse-n.sqlite'))
    newer.exec('CREATE TABLE records (key TEXT, value TEXT, more TEXT); PRAGMA user_version = 2')
    newer.close()
    const store = sqliteState({ directory })('n')
    expect(await codeOf(put(store, 'a', 1))).toBe('STORAGE_FAILED')
    expect(await codeOf(store.get(['a']))).toBe('STORAGE_FAILED')
    await store.close()
  })

  it('gives a typed error when it is no database', async () => {
    const directory = await temporaryDirectory()
    await writeFile(join(directory, 'bse-n.sqlite'), 'something else entirely, of more than a hundred bytes'.repeat(10))
    const store = sqliteState({ directory })('n')
    expect(await codeOf(put(store, 'a', 1))).toBe('STORAGE_FAILED')
    await store.close()
  })
})
