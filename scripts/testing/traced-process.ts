import { spawn, spawnSync, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { readFile } from 'node:fs/promises'
import { createInterface, type Interface } from 'node:readline'
import { parseTrace, type SystemCall } from './system-calls.ts'

const CALLS = 'mkdir,mkdirat,openat,write,pwrite64,fsync,fdatasync,ftruncate,rename,renameat,renameat2,link,linkat,unlink,unlinkat'

/** What strace is to do to the program, for example `fsync:error=EIO:when=2`. Counts are per thread, from the start of tracing. */
export type Injection = string

export interface Traced {
  /** A program that prints `ready`, and then one line for each line of its standard input. */
  readonly program: string
  readonly args: readonly string[]
  /** Where strace writes what it saw. */
  readonly log: string
  readonly injections?: readonly Injection[]
}

/** A program with strace attached to it. It has one thread for files, so that counting calls means the same each time. */
export class TracedProcess {
  readonly #program: ChildProcess
  readonly #strace: ChildProcess
  readonly #answers: AsyncIterator<string>
  readonly #log: string

  private constructor(program: ChildProcess, strace: ChildProcess, answers: AsyncIterator<string>, log: string) {
    this.#program = program
    this.#strace = strace
    this.#answers = answers
    this.#log = log
  }

  static async start({ program: path, args: own, log, injections = [] }: Traced): Promise<TracedProcess> {
    requireStrace()
    const program = spawn(process.execPath, ['--conditions=@bse/source', path, ...own], {
      stdio: ['pipe', 'pipe', 'inherit'],
      env: { ...process.env, UV_THREADPOOL_SIZE: '1' },
    })
    const answers = linesOf(program)[Symbol.asyncIterator]()
    if ((await answers.next()).value !== 'ready') throw new Error('the program did not start')
    const inject = injections.flatMap((injection) => ['-e', `inject=${injection}`])
    const args = ['-f', '-y', '-s', '16', '-o', log, '-e', `trace=${CALLS}`, ...inject, '-p', String(program.pid)]
    const strace = spawn('strace', args, { stdio: ['ignore', 'ignore', 'pipe'] })
    await attached(strace)
    return new TracedProcess(program, strace, answers, log)
  }

  /** The program's answer, or `undefined` when it died first. */
  async ask(line: string): Promise<string | undefined> {
    this.#program.stdin?.write(`${line}\n`)
    const { value, done } = await this.#answers.next()
    return done === true ? undefined : value
  }

  /** Ends the program if it lives, and gives what it did. */
  async end(): Promise<{ readonly killed: boolean; readonly calls: readonly SystemCall[] }> {
    const ends = Promise.all([exitOf(this.#program), exitOf(this.#strace)])
    this.#program.stdin?.end()
    await ends
    return { killed: this.#program.signalCode === 'SIGKILL', calls: parseTrace(await readFile(this.#log, 'utf8')) }
  }
}

function requireStrace(): void {
  if (spawnSync('strace', ['--version']).error === undefined) return
  throw new Error('This test kills a process at chosen system calls and needs strace: install it, for example with apt-get install strace.')
}

function linesOf(program: ChildProcess): Interface {
  if (program.stdout === null) throw new Error('the program has no output')
  program.stdin?.on('error', () => undefined) // it may die while it is written to: that is the point
  return createInterface({ input: program.stdout })
}

function attached(strace: ChildProcess): Promise<void> {
  return new Promise((resolve, reject) => {
    let said = ''
    strace.stderr?.on('data', (chunk: Buffer) => {
      said += String(chunk)
      if (said.includes('attached')) resolve()
    })
    strace.once('exit', () => reject(new Error(`strace could not attach (it needs root, or kernel.yama.ptrace_scope=0): ${said}`)))
  })
}

async function exitOf(child: ChildProcess): Promise<void> {
  if (child.exitCode === null && child.signalCode === null) await once(child, 'exit')
}
