import type { IncomingMessage, ServerResponse } from 'node:http'
import { hashBlob } from '../../src/hash/index.ts'
import { FakeRemote, fakeBlobs } from '../../src/testing/index.ts'
import type { BlobHash } from '../../src/wire/blob-hash.ts'
import type { MutationWire } from '../../src/wire/mutation-wire.ts'

const LONG_POLL_MS = 10_000

/** A fake remote behind HTTP, that counts what arrives. */
export class RemoteServer {
  readonly remote: FakeRemote = new FakeRemote()
  /** Whole bodies that were put, by hash. */
  readonly puts: BlobHash[] = []
  /** Ids of mutations as they came, each time they came. */
  readonly deliveries: string[] = []
  /** Holds the answers to uploads back. */
  gate: Promise<void> | undefined
  /** Uploads whose body has arrived and whose answer is held back. */
  held = 0
  readonly #blobs = fakeBlobs(this.remote)

  readonly handle = (request: IncomingMessage, response: ServerResponse): void => {
    this.#answer(request, response).catch((error: unknown) => {
      response.statusCode = 500
      response.end(String(error))
    })
  }

  get counts(): { readonly rows: number; readonly blobs: number; readonly puts: number; readonly mutations: number } {
    return { rows: this.remote.rows.size, blobs: this.remote.blobs.size, puts: this.puts.length, mutations: this.remote.applied.length }
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const [, kind = '', rest = ''] = (request.url ?? '').split('/')
    const gone = new AbortController()
    response.once('close', () => gone.abort())
    const { signal } = gone
    if (kind === 'blobs' && request.method === 'PUT') return this.#put(decodeURIComponent(rest) as BlobHash, await bodyOf(request), response)
    if (kind === 'blobs') return void response.end(Buffer.from((await this.remote.blobs.get(decodeURIComponent(rest) as BlobHash)?.arrayBuffer()) ?? new ArrayBuffer()))
    if (kind === 'stat') return json(response, await this.#blobs.stat(JSON.parse(String(await bodyOf(request))) as BlobHash[], { signal }))
    if (kind === 'push') return json(response, this.#push(JSON.parse(String(await bodyOf(request))) as MutationWire[]))
    if (kind === 'changes') return json(response, await this.#changes(Number(rest), signal))
    response.statusCode = 404
    response.end()
  }

  async #put(hash: BlobHash, body: Buffer<ArrayBuffer>, response: ServerResponse): Promise<void> {
    const blob = new Blob([body])
    if ((await hashBlob(blob)) !== hash) throw new Error('other bytes than their name says')
    this.puts.push(hash)
    this.held += 1
    await this.gate
    this.held -= 1
    this.remote.blobs.set(hash, blob)
    response.end()
  }

  #push(mutations: readonly MutationWire[]): unknown {
    this.deliveries.push(...mutations.map(({ id }) => id))
    return mutations.map((mutation) => this.remote.apply(mutation))
  }

  async #changes(from: number, signal: AbortSignal): Promise<unknown> {
    await this.remote.grown(from, AbortSignal.any([signal, AbortSignal.timeout(LONG_POLL_MS)]))
    const entries = this.remote.log.slice(from)
    const settled = entries.flatMap(({ mutationId }) => (mutationId === undefined ? [] : [{ id: mutationId, as: 'contained' }]))
    return { changes: entries.map(({ change }) => change), cursor: from + entries.length, settled, upToDate: true }
  }
}

function json(response: ServerResponse, value: unknown): void {
  response.setHeader('content-type', 'application/json')
  response.end(JSON.stringify(value))
}

async function bodyOf(request: IncomingMessage): Promise<Buffer<ArrayBuffer>> {
  const chunks: Buffer[] = []
  for await (const chunk of request) chunks.push(chunk as Buffer)
  return Buffer.from(Buffer.concat(chunks))
}
