import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { PGlite } from '@electric-sql/pglite'
import { describe, expect, it, vi } from 'vitest'
import { readCommandLine } from '../src/cli-options.ts'
import { bseServer, listening } from './support/bse-server.ts'
import { put, randomBlob, temporaryDirectory, testServer } from './support/test-server.ts'

function timeOfNow(): string {
  const time = Date.now().toString(16).padStart(12, '0')
  return `${time.slice(0, 8)}-${time.slice(8)}`
}

describe('bse-server', () => {
  it.each(['SIGTERM', 'SIGINT'] as const)('serves until %s and exits with 0', async (signal) => {
    const running = bseServer('--port', '0', '--data', await temporaryDirectory())
    const url = await listening(running)
    const { bytes, hash } = await randomBlob(100_000)
    expect((await put({ url }, hash, bytes)).status).toBe(201)
    expect(await (await fetch(`${url}/blobs/${hash}`)).bytes()).toEqual(bytes)
    const lines = running.output().split('\n').filter((line) => line.startsWith('{')).map((line) => JSON.parse(line) as { msg: string; url?: string })
    expect(lines.find(({ msg }) => msg === 'listening')?.url).toBe(url)
    running.child.kill(signal)
    expect(await running.exited).toBe(0)
  })

  it('has everything that it acknowledged after a kill', async () => {
    // F-04 on the server's side: a 201 means that the file and its name are on disk.
    const data = await temporaryDirectory()
    const first = bseServer('--port', '0', '--data', data, '--log-level', 'silent')
    const url = await listening(first)
    const blobs = await Promise.all(Array.from({ length: 20 }, () => randomBlob(30_000)))
    await Promise.all(blobs.map(({ bytes, hash }) => put({ url }, hash, bytes)))
    first.child.kill('SIGKILL')
    await first.exited
    const again = await listening(bseServer('--port', '0', '--data', data))
    for (const { bytes, hash } of blobs) expect(await (await fetch(`${again}/blobs/${hash}`)).bytes()).toEqual(bytes)
  })

  it('serves the shapes of an embedded database under the same handle after a kill', async () => {
    const [data, database] = [await temporaryDirectory(), join(await temporaryDirectory(), 'database')]
    const pglite = await PGlite.create(database)
    await pglite.exec("create table notes (id int4 primary key); insert into notes values (7)")
    await pglite.close()
    const first = bseServer('--port', '0', '--data', data, '--database', database)
    const shape = await fetch(`${await listening(first)}/v1/shape?table=notes&offset=-1`)
    expect(await shape.json()).toMatchObject([{ key: '"public"."notes"/"7"', value: { id: '7' } }, { headers: { control: 'snapshot-end' } }])
    first.child.kill('SIGKILL')
    await first.exited
    const again = await fetch(`${await listening(bseServer('--port', '0', '--data', data, '--database', database))}/v1/shape?table=notes&offset=-1`)
    expect(again.headers.get('electric-handle')).toBe(shape.headers.get('electric-handle'))
  }, 60_000)

  // R-225 X-008
  it('takes writes to an embedded database, shows them as shapes, and collects what no row names', async () => {
    const [data, database] = [await temporaryDirectory(), join(await temporaryDirectory(), 'database')]
    const pglite = await PGlite.create(database)
    await pglite.exec('create table photos (id text primary key, photo_title text, image jsonb)')
    await pglite.close()
    const running = bseServer('--port', '0', '--data', data, '--database', database, '--casing', 'snake', '--collect')
    const url = await listening(running)
    const [kept, dropped] = [await randomBlob(10), await randomBlob(10)]
    await put({ url }, dropped.hash, dropped.bytes)
    const send = async (): Promise<unknown> => {
      const op = { kind: 'insert', table: 'photos', rowId: 'p1', values: { photoTitle: 'Lund', image: { hash: kept.hash, sizeBytes: 10, type: '' } }, previous: null }
      const body = JSON.stringify({ mutations: [{ id: '018f3a5c-7c1e-7d43-9d5b-6f5f5d3f0a01'.replace(/^.{13}/, timeOfNow()), ops: [op] }] })
      const response = await fetch(`${url}/mutations`, { method: 'POST', headers: { 'content-type': 'application/json' }, body })
      return ((await response.json()) as { readonly results: readonly unknown[] }).results[0]
    }
    expect(await send()).toMatchObject({ is: 'needs-blobs', hashes: [kept.hash] })
    await put({ url }, kept.hash, kept.bytes)
    expect(await send()).toMatchObject({ is: 'applied' })
    const shape = await fetch(`${url}/v1/shape?table=photos&offset=-1`)
    expect(await shape.json()).toMatchObject([{ value: { id: 'p1', photo_title: 'Lund' } }, { headers: { control: 'snapshot-end' } }])
    running.child.kill('SIGTERM')
    expect(await running.exited).toBe(0)
    const collected = bseServer('gc', '--data', data, '--database', database, '--grace-hours', '0')
    expect(await collected.exited).toBe(0)
    expect(JSON.parse(collected.output())).toMatchObject({ objects: 2, referenced: 1, collected: 1 })
    const again = await listening(bseServer('--port', '0', '--data', data, '--database', database))
    expect(await Promise.all([kept, dropped].map(async ({ hash }) => (await fetch(`${again}/blobs/${hash}`)).status))).toEqual([200, 410])
  }, 120_000)

  it('does not collect where Yjs documents may name what no row does', async () => {
    const data = await temporaryDirectory()
    await mkdir(join(data, 'rows'))
    await writeFile(join(data, 'rows', 'document'), 'x')
    const running = bseServer('gc', '--data', data, '--database', 'postgres://nobody@127.0.0.1:1/none')
    expect(await running.exited).toBe(1)
    expect(running.output()).toContain('Yjs documents')
  })

  it('keeps to --max-bytes and --origin', async () => {
    const url = await listening(bseServer('--port', '0', '--data', await temporaryDirectory(), '--max-bytes', '10', '--origin', 'https://app.example'))
    const { bytes, hash } = await randomBlob(11)
    expect((await put({ url }, hash, bytes)).status).toBe(413)
    const response = await fetch(`${url}/blobs`, { headers: { origin: 'https://app.example' } })
    expect(response.headers.get('access-control-allow-origin')).toBe('https://app.example')
  })

  it('fetches what another server announces where both were told to be', async () => {
    const one = await listening(bseServer('--port', '0', '--data', await temporaryDirectory(), '--public-url', 'http://one.test'))
    const { bytes, hash } = await randomBlob(20_000)
    expect((await put({ url: one }, hash, bytes)).status).toBe(201)
    // Under the name that it was given it is nobody's peer: only a server that is listed by its own address is fetched from.
    const three = await listening(bseServer('--port', '0', '--data', await temporaryDirectory(), '--join', `${one.replace('http', 'ws')}/sync#room`))
    expect((await put({ url: three }, hash, bytes)).status).toBe(201)
    const two = await listening(bseServer('--port', '0', '--data', await temporaryDirectory(), '--peer', three, '--join', `${one.replace('http', 'ws')}/sync#room`))
    await vi.waitFor(async () => expect(await (await fetch(`${two}/blobs/${hash}`)).bytes()).toEqual(bytes), { timeout: 45_000, interval: 100 })
  }, 90_000)

  it('explains itself and exits with 0', async () => {
    const running = bseServer('--help')
    expect(await running.exited).toBe(0)
    for (const option of ['--port', '--host', '--data', '--static', '--max-bytes', '--origin', '--peer', '--join', '--public-url', '--log-level']) expect(running.output()).toContain(option)
  })

  it('exits with 1 when it cannot have the port', async () => {
    const { port } = await testServer()
    const running = bseServer('--port', String(port), '--data', await temporaryDirectory())
    expect(await running.exited).toBe(1)
    expect(running.output()).toContain('EADDRINUSE')
  })

  // A peer that collects would fetch back what it has collected, and tell others to keep it.
  it('is no peer where it collects', () => {
    expect(readCommandLine(['--collect', '--database=x', '--public-url=http://x.test'])).toMatchObject({ do: 'refuse' })
    expect(readCommandLine(['--database=x', '--public-url=http://x.test'])).toMatchObject({ do: 'start', options: { peer: { url: 'http://x.test' } } })
  })

  it('exits with 2 for a wrong command line', async () => {
    const running = bseServer('--port', 'eighty')
    expect(await running.exited).toBe(2)
    expect(running.output()).toContain('--port wants')
  })

  it.each([['--port=65536'], ['--port=-1'], ['--max-bytes=1k'], ['--log-level=loud'], ['--origin=https://x.example/path'], ['--origin=*'], ['--peer=photos.example'], ['--peer=http://a:b@photos.example'], ['--join=ws://photos.example/sync'], ['--public-url=ftp://x'], ['--nonsense'], ['file'], ['--casing=camel'], ['--collect'], ['gc']])(
    'refuses %s',
    (argument) => {
      expect(readCommandLine([argument])).toMatchObject({ do: 'refuse' })
    },
  )
})
