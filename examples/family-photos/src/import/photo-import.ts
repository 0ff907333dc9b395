import type { Sync } from '../sync.ts'
import { imageFacts } from './image-facts.ts'
import { refusalOf } from './refusal.ts'
import { reportSaved } from './report.ts'

export interface ImportProgress {
  readonly total: number
  readonly done: number
}

/** At a time: enough to keep hashing and disk busy, few enough that a page with hundreds of new photos stays light. */
const AT_ONCE = 3
const IDLE: ImportProgress = { total: 0, done: 0 }

export interface PhotoImportOptions {
  readonly sync: Sync
  /** A file was not taken; the text is for the person. */
  readonly onRefused: (text: string, error: unknown) => void
}

/** Takes files into albums, a few at a time, in the order they were given. */
export class PhotoImport {
  readonly #options: PhotoImportOptions
  readonly #waiting: { readonly file: File; readonly albumId: string }[] = []
  readonly #listeners: Set<() => void> = new Set()
  #running = 0
  #progress: ImportProgress = IDLE

  constructor(options: PhotoImportOptions) {
    this.#options = options
    // Files that were dropped and are not stored yet exist nowhere but in this page.
    addEventListener('beforeunload', (event) => {
      if (this.#progress.total > 0) event.preventDefault()
    })
  }

  readonly getSnapshot = (): ImportProgress => this.#progress

  readonly subscribe = (listener: () => void): (() => void) => {
    this.#listeners.add(listener)
    return () => void this.#listeners.delete(listener)
  }

  add(files: readonly File[], albumId: string): void {
    this.#waiting.push(...files.map((file) => ({ file, albumId })))
    this.#set({ ...this.#progress, total: this.#progress.total + files.length })
    while (this.#running < AT_ONCE && this.#waiting.length > 0) void this.#work()
  }

  async #work(): Promise<void> {
    this.#running += 1
    for (let next = this.#waiting.shift(); next !== undefined; next = this.#waiting.shift()) {
      const { file, albumId } = next
      try {
        await importPhoto(this.#options.sync, file, albumId)
      } catch (error) {
        this.#options.onRefused(refusalOf(file, 'photo', error), error)
      }
      this.#set({ ...this.#progress, done: this.#progress.done + 1 })
    }
    this.#running -= 1
    if (this.#running === 0) this.#set(IDLE)
  }

  #set(progress: ImportProgress): void {
    this.#progress = progress
    for (const listener of [...this.#listeners]) listener()
  }
}

/** Resolves when the photo survives a crash. Type and size are checked by the schema, before anything is stored. */
async function importPhoto(sync: Sync, file: File, albumId: string): Promise<void> {
  const { takenAt, size } = await imageFacts(file)
  const photo = await sync.photos.insert({ albumId, takenAt, width: size?.width, height: size?.height, image: file })
  reportSaved({ id: photo.id, name: file.name, hash: photo.image.hash })
}
