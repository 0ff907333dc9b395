// A real Postgres 15 for tests: `node scripts/services/postgres.ts DIRECTORY` keeps one running until it is stopped.
import { spawn, spawnSync, type ChildProcess, type SpawnOptions } from 'node:child_process'
import { chownSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { createServer, type AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'

export interface RunningPostgres {
  /** Of the superuser, in the database `postgres`. */
  readonly url: string
  readonly pid: number
  /** Ends connections and stops. Calling it twice is fine. Files go with it when `startPostgres` made them. */
  stop(): Promise<void>
}

export interface PostgresOptions {
  /** Kept after the stop; a server that runs there already is used. Without it a temporary one. */
  readonly directory?: string | undefined
  /** Default: any free one. */
  readonly port?: number | undefined
}

const INSTALLED = '/usr/lib/postgresql'
const READY = 'database system is ready to accept connections'
const START_TIMEOUT_MS = 60_000
const SETTINGS = ['fsync=off', 'full_page_writes=off', 'wal_level=logical', 'max_connections=200', 'listen_addresses=127.0.0.1', 'timezone=UTC', 'log_timezone=UTC']

/**
 * Starts Postgres as a user that is not root, on a port of its own.
 *
 * @throws an error that says what to install when it is missing. It is never left out in silence.
 */
export async function startPostgres({ directory, port }: PostgresOptions = {}): Promise<RunningPostgres> {
  const base = directory ?? mkdtempSync(join(tmpdir(), 'bse-postgres-'))
  const data = join(base, 'data')
  const running = runningAt(data)
  if (running !== undefined) return { ...running, stop: () => stopPid(running.pid) }
  const binaries = findBinaries()
  mkdirSync(base, { recursive: true })
  const user = postgresUser()
  if (user !== undefined) chownSync(base, user.uid, user.gid)
  if (!existsSync(join(data, 'PG_VERSION'))) initialise(binaries, data, user)
  const chosen = port ?? (await freePort())
  const child = spawn(join(binaries, 'postgres'), ['-D', data, '-p', String(chosen), '-k', base, ...SETTINGS.flatMap((setting) => ['-c', setting])], {
    ...user,
    stdio: ['ignore', 'ignore', 'pipe'],
    // Ctrl-C in a terminal reaches the tests; they stop it when they are done.
    detached: true,
  })
  const guard = guardOf(child.pid ?? 0, directory === undefined ? base : '')
  await ready(child)
  const stop = async (): Promise<void> => {
    await stopChild(child)
    guard.release()
    if (directory === undefined) rmSync(base, { recursive: true, force: true })
  }
  let stopping: Promise<void> | undefined
  return { url: urlOf(chosen), pid: child.pid ?? 0, stop: () => (stopping ??= stop()) }
}

const GUARD = 'read word; [ "$word" = done ] && exit; kill -QUIT "$1"; while kill -0 "$1"; do sleep 0.1; done; [ -n "$2" ] && rm -rf "$2"'

/**
 * Stops the server, and removes its temporary files, when this process ends in any way, also when it is killed: a shell that waits for the end of its
 * input.
 */
function guardOf(pid: number, temporary: string): { release(): void } {
  const shell = spawn('sh', ['-c', GUARD, 'sh', String(pid), temporary], { stdio: ['pipe', 'ignore', 'ignore'], detached: true })
  shell.unref()
  return { release: () => void shell.stdin.end('done\n') }
}

function urlOf(port: number): string {
  return `postgres://postgres@127.0.0.1:${port}/postgres`
}

/** Debian keeps the server's programs out of PATH, one folder for each version. */
function findBinaries(): string {
  const versions = existsSync(INSTALLED) ? readdirSync(INSTALLED).toSorted((a, b) => Number(b) - Number(a)) : []
  const folder = versions.map((version) => join(INSTALLED, version, 'bin')).find((path) => existsSync(join(path, 'initdb')))
  if (folder === undefined) throw new Error('Postgres is not installed. Debian and Ubuntu: apt-get install postgresql')
  return folder
}

/** Postgres refuses to run as root. */
function postgresUser(): { readonly uid: number; readonly gid: number } | undefined {
  if (process.getuid?.() !== 0) return undefined
  const idOf = (flag: string): number => Number(spawnSync('id', [flag, 'postgres'], { encoding: 'utf8' }).stdout)
  return { uid: idOf('-u'), gid: idOf('-g') }
}

function initialise(binaries: string, data: string, user: Pick<SpawnOptions, 'uid' | 'gid'> | undefined): void {
  const made = spawnSync(join(binaries, 'initdb'), ['-D', data, '-U', 'postgres', '-A', 'trust', '-E', 'UTF8', '--locale=C.UTF-8', '--no-sync'], { ...user, encoding: 'utf8' })
  if (made.status !== 0) throw new Error(`initdb failed: ${made.stderr}`)
}

function runningAt(data: string): { readonly url: string; readonly pid: number } | undefined {
  const file = join(data, 'postmaster.pid')
  if (!existsSync(file)) return undefined
  const [pid, , , port, , , , status] = readFileSync(file, 'utf8').split('\n')
  return isAlive(Number(pid)) && status?.trim() === 'ready' ? { url: urlOf(Number(port)), pid: Number(pid) } : undefined
}

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0)
  } catch {
    return false
  }
}

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer()
    server.once('error', reject)
    server.listen(0, '127.0.0.1', () => {
      const { port } = server.address() as AddressInfo
      server.close(() => resolve(port))
    })
  })
}

async function ready(child: ChildProcess): Promise<void> {
  if (child.stderr === null) throw new Error('Postgres has no output')
  const timer = setTimeout(() => child.kill('SIGQUIT'), START_TIMEOUT_MS)
  const lines: string[] = []
  const output = createInterface({ input: child.stderr })
  const isReady = await new Promise<boolean>((resolve) => {
    output.on('line', (line) => {
      lines.push(line)
      if (line.includes(READY)) resolve(true)
    })
    child.once('exit', () => resolve(false))
    child.once('error', () => resolve(false))
  })
  clearTimeout(timer)
  output.removeAllListeners('line')
  child.stderr.resume()
  if (!isReady) throw new Error(`Postgres did not start: ${lines.join('\n')}`)
}

async function stopChild(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  const exited = new Promise((resolve) => child.once('exit', resolve))
  child.kill('SIGINT')
  await exited
}

/** For a server that another process started. */
async function stopPid(pid: number): Promise<void> {
  process.kill(pid, 'SIGINT')
  while (isAlive(pid)) await new Promise((resolve) => setTimeout(resolve, 50))
}

if (import.meta.main) {
  const directory = process.argv[2]
  if (directory === undefined) throw new Error('wants a directory')
  const { url, stop } = await startPostgres({ directory })
  console.log(url)
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => void stop().then(() => process.exit(0)))
}
