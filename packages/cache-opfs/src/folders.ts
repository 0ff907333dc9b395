import { hold } from './hold.ts'
import { errorName } from './opfs-error.ts'

/** The two folders of a namespace. */
export interface StoreFolders {
  /** `sha256-<hex>`: whole blobs, visible. */
  readonly blobs: FileSystemDirectoryHandle
  /** `<stageId>`: what nobody sees yet. */
  readonly staging: FileSystemDirectoryHandle
}

/** Makes the folders of a namespace on first use and remembers their handles. */
export class Folders {
  readonly #path: readonly string[]
  #made: Promise<StoreFolders> | undefined

  constructor(path: readonly string[]) {
    this.#path = path
  }

  async get(): Promise<StoreFolders> {
    try {
      return await (this.#made ??= makeFolders(this.#path))
    } catch (error) {
      this.#made = undefined
      throw error
    }
  }

  /** Runs `create`, once more when something was missing: another tab may have erased the namespace or swept the file. */
  async create<T>(create: (folders: StoreFolders) => Promise<T>): Promise<T> {
    try {
      return await create(await this.get())
    } catch (error) {
      if (errorName(error) !== 'NotFoundError') throw error
    }
    this.#made = undefined
    return create(await this.get())
  }

  /** Erases the namespace with all that is in it; fine when it is not there. */
  async erase(): Promise<void> {
    let parent = await navigator.storage.getDirectory()
    for (const name of this.#path.slice(0, -1)) parent = await hold(parent, (folder) => folder.getDirectoryHandle(name))
    await hold(parent, (folder) => folder.removeEntry(this.#path.at(-1) ?? '', { recursive: true }))
  }
}

async function makeFolders(path: readonly string[]): Promise<StoreFolders> {
  let folder = await navigator.storage.getDirectory()
  for (const name of path) folder = await makeFolder(folder, name)
  return { blobs: await makeFolder(folder, 'blobs'), staging: await makeFolder(folder, 'staging') }
}

function makeFolder(parent: FileSystemDirectoryHandle, name: string): Promise<FileSystemDirectoryHandle> {
  return hold(parent, (folder) => folder.getDirectoryHandle(name, { create: true }))
}
