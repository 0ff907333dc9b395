import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it, vi } from 'vitest'
import { createHasher, hashBlob, readChunks } from '../../src/hash/index.ts'
import { randomBytes, streamOf } from '../../src/testing/index.ts'

const folder = mkdtempSync(join(tmpdir(), 'bse-hash-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

/** What coreutils say about these bytes, in one call for all of them. */
function sha256sum(contents: readonly Uint8Array[]): readonly string[] {
  const names = contents.map((bytes, n) => {
    const name = String(n).padStart(5, '0')
    writeFileSync(join(folder, name), bytes)
    return name
  })
  const lines = execFileSync('sha256sum', names, { cwd: folder, maxBuffer: 1 << 24 }).toString().trimEnd().split('\n')
  return lines.map((line) => `sha256:${line.slice(0, 64)}`)
}

async function hashInPieces(bytes: Uint8Array, pieceBytes: number): Promise<string> {
  const hasher = await createHasher()
  for (let at = 0; at < bytes.length; at += pieceBytes) hasher.update(bytes.subarray(at, at + pieceBytes))
  return hasher.digest()
}

describe('hash', () => {
  it('equals sha256sum for every size up to 4096', async () => { // E-020 E-024 F-94
    const contents = Array.from({ length: 4_097 }, (_, sizeBytes) => randomBytes(sizeBytes))
    const expected = sha256sum(contents)
    expect(expected[0]).toBe('sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855')
    expect(await Promise.all(contents.map((bytes) => hashBlob(new Blob([bytes]))))).toEqual(expected)
    const inPieces: string[] = []
    for (const [n, bytes] of contents.entries()) inPieces.push(await hashInPieces(bytes, (n % 130) + 1))
    expect(inPieces).toEqual(expected)
  })

  it('equals sha256sum beyond the one-shot size', async () => { // F-94
    const bytes = randomBytes(64 * 1024 * 1024 + 4_097)
    expect(await hashBlob(new Blob([bytes]))).toBe(sha256sum([bytes])[0])
  })

  it('never reads a large blob whole', async () => { // F-11
    const blob = new Blob([new Uint8Array(64 * 1024 * 1024 + 1)])
    const whole = vi.spyOn(blob, 'arrayBuffer')
    const streams = vi.spyOn(blob, 'stream')
    await hashBlob(blob)
    expect(whole).not.toHaveBeenCalled()
    expect(streams).toHaveBeenCalledOnce()
  })

  it('hashes where the platform has no crypto.subtle', async () => {
    const bytes = randomBytes(100_000)
    const expected = await hashBlob(new Blob([bytes]))
    vi.stubGlobal('crypto', { getRandomValues: crypto.getRandomValues.bind(crypto) })
    try {
      expect(await hashBlob(new Blob([bytes]))).toBe(expected)
    } finally {
      vi.unstubAllGlobals()
    }
  })

  it('rejects with the reason when aborted', async () => {
    const reason = new Error('enough')
    await expect(hashBlob(new Blob(['x']), { signal: AbortSignal.abort(reason) })).rejects.toBe(reason)
    const controller = new AbortController()
    const blob = new Blob([new Uint8Array(64 * 1024 * 1024 + 1)])
    const stream = blob.stream.bind(blob)
    vi.spyOn(blob, 'stream').mockImplementation(() => {
      controller.abort(reason)
      return stream()
    })
    await expect(hashBlob(blob, { signal: controller.signal })).rejects.toBe(reason)
  })
})

describe('readChunks', () => {
  it('gives the chunks of streams and blobs in order', async () => {
    const bytes = randomBytes(300_001)
    for (const source of [new Blob([bytes]), streamOf(bytes, [1, 65_536, 0, 7])]) {
      const chunks: Uint8Array[] = []
      for await (const chunk of readChunks(source)) chunks.push(chunk)
      expect(Buffer.concat(chunks).equals(Buffer.from(bytes))).toBe(true)
    }
  })

  it('cancels a source that is not read to its end', async () => {
    const cancelled = vi.fn()
    const source = new ReadableStream<Uint8Array>({ pull: (controller) => controller.enqueue(new Uint8Array(1)), cancel: cancelled })
    for await (const chunk of readChunks(source)) if (chunk.length === 1) break
    expect(cancelled).toHaveBeenCalledOnce()
  })

  it('ends a source that never answers when aborted', async () => {
    const [reason, controller, cancelled] = [new Error('enough'), new AbortController(), vi.fn()]
    const source = new ReadableStream<Uint8Array>({
      pull() {
        controller.abort(reason)
        return new Promise(() => undefined)
      },
      cancel: cancelled,
    }, { highWaterMark: 0 })
    await expect(readChunks(source, { signal: controller.signal }).next()).rejects.toBe(reason)
    expect(cancelled).toHaveBeenCalledWith(reason)
  })

  it('passes on the very error of its source', async () => {
    const fault = new Error('the cable is out')
    const source = new ReadableStream<Uint8Array>({ pull: (controller) => controller.error(fault) })
    await expect(readChunks(source).next()).rejects.toBe(fault)
  })
})
