import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { copyFile, mkdir, readFile, readdir, rename } from 'node:fs/promises'
import { createHash } from 'node:crypto'
import { basename, join } from 'node:path'
import { createInterface } from 'node:readline'

const EXAMPLE = join(import.meta.dirname, '..', '..', 'examples', 'node-folder', 'src', 'main.ts')

/** The example that syncs a folder, as a process that can be killed. The folder is the device. */
export class NodeDevice {
  readonly #folder: string
  readonly #server: string
  readonly #lines: string[] = []
  #child: ChildProcess | undefined

  constructor(folder: string, server: string) {
    this.#folder = folder
    this.#server = server
  }

  /** What it said so far, over all its lives. */
  get lines(): readonly string[] {
    return this.#lines
  }

  async start(): Promise<void> {
    const child = spawn(process.execPath, ['--conditions=@bse/source', EXAMPLE, '--server', this.#server, '--folder', this.#folder], { stdio: ['ignore', 'pipe', 'inherit'] })
    this.#child = child
    const lines = createInterface(child.stdout)
    const begun = once(lines, 'line')
    lines.on('line', (line) => this.#lines.push(line))
    await begun
  }

  /** Moves a copy into the folder that is watched, whole from its first moment there. */
  async add({ path }: { readonly path: string }): Promise<void> {
    const folder = join(this.#folder, 'add')
    await mkdir(folder, { recursive: true })
    const arriving = join(this.#folder, basename(path))
    await copyFile(path, arriving)
    await rename(arriving, join(folder, basename(path)))
  }

  /** Of the photos that it has saved. */
  async hashes(): Promise<readonly string[]> {
    const folder = join(this.#folder, 'photos')
    const names = (await readdir(folder)).filter((name) => !name.endsWith('.part'))
    const hashes = await Promise.all(names.map(async (name) => `sha256:${createHash('sha256').update(await readFile(join(folder, name))).digest('hex')}`))
    return hashes.sort()
  }

  /** With SIGTERM it ends by itself, with SIGKILL it hears of nothing. */
  async stop(signal: 'SIGTERM' | 'SIGKILL'): Promise<number | null> {
    const child = this.#child
    if (child === undefined) return null
    this.#child = undefined
    const gone = once(child, 'exit')
    child.kill(signal)
    const [status] = await gone
    return status as number | null
  }
}
