import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { createInterface } from 'node:readline'

const ROOT = join(import.meta.dirname, '..', '..')
const CLI = join(ROOT, 'packages', 'server', 'dist', 'cli.js')
/** Built pages that it can serve: the demo, and one that shows nothing of the files it keeps. */
const APPS: Readonly<Record<AppName, string>> = { 'family-photos': join(ROOT, 'examples', 'family-photos', 'dist'), files: join(ROOT, 'e2e', 'dist') }

export type AppName = 'family-photos' | 'files'

export interface ServerLimits {
  /** Largest blob that is taken; the server's own default when `undefined`. */
  readonly maxBytes: number | undefined
}

/** A request that the server has answered, by its own log. */
export interface ServedRequest {
  readonly method: string
  readonly path: string
  readonly status: number
}

/** The built `bse-server` with a built page, as a process that can be killed. It keeps its port and its data over its lives. */
export class Server {
  readonly #dataDirectory: string
  readonly #app: string
  #child: ChildProcess | undefined
  #port = 0
  readonly #requests: ServedRequest[] = []

  constructor(dataDirectory: string, app: AppName) {
    this.#dataDirectory = dataDirectory
    this.#app = APPS[app]
  }

  get port(): number {
    return this.#port
  }

  get url(): string {
    return `http://127.0.0.1:${this.#port}`
  }

  /** Over all its lives, in the order of the answers. */
  get requests(): readonly ServedRequest[] {
    return this.#requests
  }

  /** Resolves when it listens; rejects with what it said when it ends before. */
  async start({ maxBytes }: ServerLimits = { maxBytes: undefined }): Promise<void> {
    if (!existsSync(CLI) || !existsSync(join(this.#app, 'index.html'))) throw new Error('The server or the page is not built: run `turbo run build` first.')
    const limit = maxBytes === undefined ? [] : ['--max-bytes', String(maxBytes)]
    const args = [CLI, '--port', String(this.#port), '--data', this.#dataDirectory, '--static', this.#app, '--log-level', 'info', ...limit]
    const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'pipe'] })
    this.#child = child
    createInterface(child.stdout).on('line', (line) => this.#requests.push(...requestIn(line)))
    this.#port = await portOf(child)
  }

  /** Sends SIGKILL before it returns; resolves when the process is gone. */
  async kill(): Promise<void> {
    const child = this.#child
    if (child === undefined) return
    this.#child = undefined
    const gone = once(child, 'exit')
    child.kill('SIGKILL')
    await gone
  }
}

/** Lines of the log are JSON; the one that tells the address is not. */
function requestIn(line: string): readonly ServedRequest[] {
  if (!line.startsWith('{')) return []
  const { msg, ...request } = JSON.parse(line) as ServedRequest & { readonly msg: string }
  return msg === 'request' ? [{ method: request.method, path: request.path, status: request.status }] : []
}

/** The port of the line `listening on http://127.0.0.1:1234`. */
function portOf(child: ChildProcess): Promise<number> {
  const { promise, reject, resolve } = Promise.withResolvers<number>()
  const said: string[] = []
  for (const stream of [child.stdout, child.stderr]) {
    if (stream === null) continue
    createInterface(stream).on('line', (line) => {
      said.push(line)
      const port = /^listening on http:\/\/127\.0\.0\.1:(\d+)$/.exec(line)?.[1]
      if (port !== undefined) resolve(Number(port))
    })
  }
  child.once('exit', (code) => reject(new Error(`bse-server ended with ${code}: ${said.join('\n')}`)))
  return promise
}
