import { afterAll, beforeAll } from 'vitest'
import type { BlobProvider, UploadTask } from '@bse/core/provider'
import { collect, plainProviderContext, sha256Of } from '@bse/core/testing'
import { hasCode, type Json } from '@bse/core/wire'
import { Proxy, type Fault, type Place } from '../../../../scripts/services/proxy.ts'
import { startS3Backend, type S3Backend } from '../../../../scripts/services/s3-backend.ts'
import { s3Blobs, type S3BlobsOptions } from '../../src/index.ts'
import { io, signal } from './stubs.ts'

const MAX_TRIES = 6

export interface Cut {
  readonly line: 'store' | 'presign'
  readonly place: Place
}

export interface CutUpload {
  readonly tries: number
  readonly happened: boolean
  /** Of bodies that reached the store, in bytes. */
  readonly sentBytes: number
  readonly isWhole: boolean
}

/** Both lines of a client, the one to the store and the one to the signing server, each through a wire that can be cut. */
export class CutLines {
  #backend: S3Backend | undefined
  #store: Proxy | undefined
  #presign: Proxy | undefined

  async open(): Promise<void> {
    const through = async (endpoint: string): Promise<string> => (this.#store = await Proxy.open(Number(new URL(endpoint).port))).url
    this.#backend = await startS3Backend({ through })
    this.#presign = await Proxy.open(Number(new URL(this.#backend.presignEndpoint).port))
  }

  async close(): Promise<void> {
    await this.#store?.close()
    await this.#presign?.close()
    await this.#backend?.close()
  }

  get backend(): S3Backend {
    return this.#opened(this.#backend)
  }

  get store(): Proxy {
    return this.#opened(this.#store)
  }

  provider(options: Partial<S3BlobsOptions>): BlobProvider {
    const { storeUrl } = this.backend
    const made = s3Blobs({ storeUrl, presignEndpoint: `${this.#opened(this.#presign).url}/sign`, ...options })
    made.connect(plainProviderContext())
    return made
  }

  /** Tries, as the engine does, until the blob is there; each try goes on where the last one was. */
  async upload(task: UploadTask, options: Partial<S3BlobsOptions>, { line, place }: Cut): Promise<CutUpload> {
    const wires = { store: this.store, presign: this.#opened(this.#presign) }
    for (const wire of Object.values(wires)) wire.forget()
    const fault: Fault = wires[line].cut(place)
    let checkpoint: Json | undefined
    const saveCheckpoint = async (next: Json): Promise<void> => void (checkpoint = JSON.parse(JSON.stringify(next)) as Json)
    for (let tries = 1; tries <= MAX_TRIES; tries += 1) {
      const opened = this.provider(options)
      try {
        await opened.upload(task, { ...io, checkpoint, saveCheckpoint })
        return { tries, happened: fault.happened, sentBytes: wires.store.bodyBytes(({ method }) => method === 'PUT'), isWhole: await this.#isWhole(task, options) }
      } catch (error) {
        if (!hasCode(error, 'NETWORK')) throw error
      } finally {
        await opened.close()
      }
    }
    throw new Error(`still not there after ${MAX_TRIES} tries`)
  }

  async #isWhole(task: UploadTask, options: Partial<S3BlobsOptions>): Promise<boolean> {
    const { body } = await this.provider(options).open({ hash: task.hash, sizeBytes: undefined, type: '' }, { signal })
    return (await sha256Of(new Uint8Array(await collect(body)))) === task.hash
  }

  #opened<T>(part: T | undefined): T {
    if (part === undefined) throw new Error('the lines are not open')
    return part
  }
}

/** For all tests of a file. */
export function cutLines(): CutLines {
  const lines = new CutLines()
  beforeAll(() => lines.open(), 120_000)
  afterAll(() => lines.close())
  return lines
}

const isPut: NonNullable<Place['request']> = ({ method }) => method === 'PUT'

/** Every place where a PUT to the store changes its state, and `count` bytes of its body by chance. */
export function placesOfWhole(sizeBytes: number, count: number): readonly Cut[] {
  const body = [0, 1, sizeBytes - 1, sizeBytes, ...Array.from({ length: count }, () => 1 + Math.floor(Math.random() * (sizeBytes - 1)))]
  return [
    ...[0, 1].map((after): Cut => ({ line: 'store', place: { part: 'head', after, request: isPut } })),
    ...body.map((after): Cut => ({ line: 'store', place: { part: 'body', after, request: isPut } })),
    ...[0, 1].map((after): Cut => ({ line: 'store', place: { part: 'answer', after, request: isPut } })),
    ...presignPlaces(2),
  ]
}

/** The same for parts: every edge of one, and `count` bytes anywhere in the blob. */
export function placesOfParts(sizeBytes: number, partBytes: number, count: number): readonly Cut[] {
  const inPart = (byte: number): Cut => {
    const partNumber = Math.floor(byte / partBytes) + 1
    const request: NonNullable<Place['request']> = ({ method, path }) => method === 'PUT' && new URL(path, 'http://x').searchParams.get('partNumber') === String(partNumber)
    return { line: 'store', place: { part: 'body', after: byte % partBytes, request } }
  }
  const edges = [1, partBytes - 1, partBytes + 1, 2 * partBytes - 1, sizeBytes - 1]
  return [
    ...edges.map(inPart),
    ...Array.from({ length: count }, () => inPart(1 + Math.floor(Math.random() * (sizeBytes - 1)))),
    ...[0, 1].map((after): Cut => ({ line: 'store', place: { part: 'answer', after, request: isPut } })),
    ...presignPlaces(4),
  ]
}

/** The first requests to the signing server, before the first byte of their answers, behind it, and in their bodies. */
function presignPlaces(requests: number): readonly Cut[] {
  return Array.from({ length: requests }, (_, index) => index).flatMap((index) =>
    (['body', 'answer'] as const).flatMap((part) => [1, 100].map((after): Cut => ({ line: 'presign', place: { part, after, request: (request) => request.index === index } }))),
  )
}
