import { spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import { connect, createServer, type Server, type Socket } from 'node:net'
import { createInterface } from 'node:readline'

/**
 * One service for all test files of this checkout, started by the first that needs it. Whoever holds a connection to its keeper holds the
 * service; the keeper stops it some seconds after the last connection has gone, also when the holder was killed.
 */
export interface Lease<T> {
  readonly service: T
  release(): void
}

type Answer<T> = { readonly ready: T } | { readonly failed: string }

const LINGER_MS = 20_000
const PATIENCE_MS = 90_000

/** In Linux's abstract name space: it goes with the process, so no stale file is ever in the way, and only one can have it. */
function addressOf(name: string): string {
  const checkout = createHash('sha256').update(import.meta.dirname).digest('hex').slice(0, 16)
  return `\0bse-${name}-${checkout}`
}

/** @throws Error with the keeper's own words when the service cannot start. */
export async function lease<T>(name: string, keeperScript: string): Promise<Lease<T>> {
  const giveUpAtMs = Date.now() + PATIENCE_MS
  for (let isFirst = true; Date.now() < giveUpAtMs; isFirst = false) {
    const socket = await connected(addressOf(name))
    const answer = socket === undefined ? undefined : await answerOf<T>(socket)
    if (socket !== undefined && answer !== undefined) return leased(name, socket, answer)
    if (isFirst) spawn(process.execPath, ['--conditions=@bse/source', '--no-warnings', keeperScript], { detached: true, stdio: 'ignore' }).unref()
    await new Promise((resolve) => setTimeout(resolve, 100))
  }
  throw new Error(`${name} did not start within ${PATIENCE_MS / 1_000} s`)
}

function leased<T>(name: string, socket: Socket, answer: Answer<T>): Lease<T> {
  if ('failed' in answer) {
    socket.destroy()
    throw new Error(`${name} cannot start here: ${answer.failed}`)
  }
  socket.unref()
  return { service: answer.ready, release: () => socket.destroy() }
}

function connected(address: string): Promise<Socket | undefined> {
  return new Promise((resolve) => {
    const socket = connect(address)
    socket.once('connect', () => resolve(socket)).once('error', () => resolve(undefined))
  })
}

/** `undefined` when the keeper went away before it said anything: it was on its way out. */
async function answerOf<T>(socket: Socket): Promise<Answer<T> | undefined> {
  const timer = setTimeout(() => socket.destroy(), PATIENCE_MS)
  try {
    for await (const line of createInterface({ input: socket })) return JSON.parse(line) as Answer<T>
    return undefined
  } catch {
    return undefined
  } finally {
    clearTimeout(timer)
  }
}

/**
 * The keeper's side: the whole life of its process. Answers every connection once `start` is done; ends when nobody has been connected for a
 * while. A second keeper finds the name taken and ends at once.
 */
export async function keep<T>(name: string, start: () => Promise<{ readonly service: T; stop(): Promise<void> }>): Promise<void> {
  const holders = new Set<Socket>()
  const server = createServer((socket) => holders.add(socket.on('error', () => socket.destroy())))
  if (!(await listening(server, addressOf(name)))) return
  const started = await start().then(
    (running) => ({ answer: { ready: running.service } satisfies Answer<T>, stop: () => running.stop() }),
    (error: unknown) => ({ answer: { failed: error instanceof Error ? error.message : String(error) } satisfies Answer<T>, stop: async () => undefined }),
  )
  const greet = (socket: Socket): void => void socket.write(`${JSON.stringify(started.answer)}\n`)
  for (const socket of holders) greet(socket)
  server.on('connection', greet)
  await unheld(server, holders)
  server.close()
  for (const socket of holders) socket.destroy()
  await started.stop()
}

function listening(server: Server, address: string): Promise<boolean> {
  return new Promise((resolve) => {
    server.once('error', () => resolve(false))
    server.listen(address, () => resolve(true))
  })
}

/** Resolves when nobody has held the service for `LINGER_MS`, or when this process is told to end. */
function unheld(server: Server, holders: Set<Socket>): Promise<void> {
  return new Promise((resolve) => {
    let timer: NodeJS.Timeout | undefined
    const look = (): void => {
      clearTimeout(timer)
      if (holders.size === 0) timer = setTimeout(resolve, LINGER_MS)
    }
    const watch = (socket: Socket): void => {
      clearTimeout(timer)
      if (socket.destroyed) holders.delete(socket)
      // Without a reader the end of the other side would never be noticed.
      socket.resume().once('close', () => {
        holders.delete(socket)
        look()
      })
    }
    for (const socket of holders) watch(socket)
    server.on('connection', watch)
    for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const) process.once(signal, () => resolve())
    look()
  })
}
