import type { StageRequest, Stager, WrittenStage } from './stager.ts'
import { streamPieces } from './windows.ts'
import type { WorkerLink } from './worker-link.ts'

/** Stages in a worker. Blobs cross by reference; streams are read here and sent on, a few pieces ahead of the disk. */
export class WorkerStager implements Stager {
  readonly #link: WorkerLink

  constructor(link: WorkerLink) {
    this.#link = link
  }

  async stage({ stageId, source, expect, signal }: StageRequest): Promise<WrittenStage> {
    const blob = source instanceof Blob ? source : undefined
    const { call, written } = this.#link.begin({ stageId, expect, blob })
    const reading = new AbortController()
    const onAbort = (): void => {
      reading.abort(signal.reason)
      this.#link.abort(call)
    }
    signal.addEventListener('abort', onAbort, { once: true })
    if (signal.aborted) onAbort()
    const fed = source instanceof Blob ? undefined : this.#feed(call, source, reading.signal)
    try {
      return await written
    } catch (error) {
      reading.abort(error)
      signal.throwIfAborted()
      throw (await fed)?.sourceError ?? error
    } finally {
      signal.removeEventListener('abort', onAbort)
    }
  }

  /** Never rejects: what the source threw is told once the worker has cleaned up. */
  async #feed(
    call: number,
    source: ReadableStream<Uint8Array>,
    signal: AbortSignal,
  ): Promise<{ readonly sourceError: unknown } | undefined> {
    try {
      for await (const piece of streamPieces(source, signal)) await this.#link.send(call, piece)
      this.#link.finish(call)
      return undefined
    } catch (error) {
      if (signal.aborted) return undefined
      this.#link.abort(call)
      return { sourceError: error }
    }
  }

  close(): void {
    this.#link.end()
  }
}
