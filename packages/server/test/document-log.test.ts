import { appendFile, mkdir, mkdtemp, readdir, readFile, rm, stat, truncate, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import * as Y from 'yjs'
import { DocumentLog } from '../src/document-log.ts'
import { documentFileName, isDocumentName } from '../src/document-name.ts'

let directory = ''
let path = ''

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'bse-log-'))
  path = join(directory, 'doc.yjs')
})

const opened: DocumentLog[] = []

afterEach(async () => {
  for (const log of opened.splice(0)) await log.close()
  await rm(directory, { recursive: true, force: true })
})

/** A document whose every change is appended. */
function writerOf(log: DocumentLog): { readonly set: (key: string, value: unknown) => Promise<void>; readonly doc: Y.Doc } {
  const doc = new Y.Doc()
  let last: Promise<void> = Promise.resolve()
  doc.on('update', (update: Uint8Array) => void (last = log.append(update)))
  const set = (key: string, value: unknown): Promise<void> => {
    doc.getMap('m').set(key, value)
    return last
  }
  return { doc, set }
}

async function contentOf(log: DocumentLog): Promise<Record<string, unknown>> {
  const doc = new Y.Doc()
  Y.applyUpdate(doc, await log.load())
  return doc.getMap('m').toJSON()
}

function open(): DocumentLog {
  const log = new DocumentLog(path, undefined)
  opened.push(log)
  return log
}

test('gives back all that was appended', async () => {
  const { set } = writerOf(open())
  await Promise.all([set('a', 1), set('b', 2), set('c', 3)])
  await set('a', 'later')
  expect(await contentOf(open())).toEqual({ a: 'later', b: 2, c: 3 })
})

test('an empty document loads as empty', async () => {
  expect(await contentOf(open())).toEqual({})
})

test('drops a torn end, keeps a copy of it, and appends behind what is whole', async () => { // F-1
  const { set } = writerOf(open())
  await set('a', 1)
  const whole = (await stat(path)).size
  await set('b', 2)
  await truncate(path, (await stat(path)).size - 1)
  expect((await stat(path)).size).toBeGreaterThan(whole)
  const log = open()
  expect(await contentOf(log)).toEqual({ a: 1 })
  await writerOf(log).set('c', 3)
  expect(await contentOf(open())).toEqual({ a: 1, c: 3 })
  expect((await readdir(directory)).some((name) => name.startsWith('doc.yjs.broken-'))).toBe(true)
})

test('cuts a torn end even when it appends without a load', async () => {
  const { set } = writerOf(open())
  await set('a', 1)
  await appendFile(path, new Uint8Array([0, 0, 0, 9, 1]))
  await writerOf(open()).set('b', 2)
  expect(await contentOf(open())).toEqual({ a: 1, b: 2 })
})

test('notices a flipped bit and keeps the bytes aside', async () => { // F-36
  const { set } = writerOf(open())
  await set('a', 1)
  const bytes = await readFile(path)
  bytes.writeUInt8((bytes.at(-1) ?? 0) ^ 1, bytes.length - 1)
  await writeFile(path, bytes)
  expect(await contentOf(open())).toEqual({})
  const copy = (await readdir(directory)).find((name) => name.includes('broken')) ?? ''
  expect(await readFile(join(directory, copy))).toEqual(bytes)
})

test('stays small under many changes of one key', async () => {
  const log = open()
  const { set } = writerOf(log)
  for (let n = 0; n < 1_500; n++) void set('a', `value ${n}`)
  await set('a', 'last')
  await log.close()
  expect((await stat(path)).size).toBeLessThan(20_000)
  expect(await contentOf(open())).toEqual({ a: 'last' })
})

test('a record that decodes and does not apply closes nothing', async () => {
  const log = open()
  await writerOf(log).set('a', 1)
  await log.append(new Uint8Array([255, 255, 255, 255, 15, 1]))
  await writerOf(log).set('b', 2)
  expect(await contentOf(open())).toEqual({ a: 1, b: 2 })
})

test('rejects what it could not write, and goes on', async () => {
  await rm(directory, { recursive: true })
  const log = open()
  await expect(log.append(new Uint8Array([0, 0]))).rejects.toMatchObject({ code: 'ENOENT' })
  await mkdir(directory)
  await writerOf(log).set('a', 1)
  expect(await contentOf(open())).toEqual({ a: 1 })
})

test.each(['', '.', '..', '../x', 'a/b', 'a\\b', 'a\0b', '.hidden', 'ä', 'x'.repeat(81)])('refuses the document name %j', (name) => {
  expect(isDocumentName(name)).toBe(false)
})

test('gives every document a file of its own, whatever the case of its name', () => {
  const names = ['rows', 'Rows', 'ROWS', 'a.b', 'a:b', 'a@b', 'a-b', 'a_b', 'a%2eb']
  const files = names.filter(isDocumentName).map((name) => documentFileName(name).toLowerCase())
  expect(new Set(files).size).toBe(files.length)
  expect(documentFileName('X'.repeat(80)).length).toBeLessThan(255)
})
