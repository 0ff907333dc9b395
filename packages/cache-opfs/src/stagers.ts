import type { Folders } from './folders.ts'
import type { Stager } from './stager.ts'
import { WorkerLink } from './worker-link.ts'
import { WorkerStager } from './worker-stager.ts'
import { WritableStager } from './writable-stager.ts'

/** Chooses who stages: a worker, a new one when the last died, and this thread when none can be started. */
export class Stagers {
  readonly #path: readonly string[]
  readonly #folders: Folders
  readonly #createWorker: () => Worker
  #current: Promise<Stager> | undefined

  constructor(path: readonly string[], folders: Folders, createWorker: () => Worker) {
    this.#path = path
    this.#folders = folders
    this.#createWorker = createWorker
  }

  get(): Promise<Stager> {
    return (this.#current ??= this.#start())
  }

  async #start(): Promise<Stager> {
    try {
      return new WorkerStager(await WorkerLink.start(this.#createWorker, this.#path, () => (this.#current = undefined)))
    } catch {
      // Whatever kept the worker from starting (no Worker, a content policy, an old browser): the bytes can be kept without it.
      return new WritableStager(this.#folders)
    }
  }

  async close(): Promise<void> {
    const stager = await this.#current
    this.#current = undefined
    stager?.close()
  }
}
