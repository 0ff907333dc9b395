import { spawn, type ChildProcess } from 'node:child_process'
import { join } from 'node:path'
import { expect, onTestFinished } from 'vitest'

export interface Running {
  readonly child: ChildProcess
  readonly exited: Promise<number | null>
  output(): string
}

/** The command, in a process of its own; killed after the test. */
export function bseServer(...args: readonly string[]): Running {
  const child = spawn(process.execPath, ['--conditions=@bse/source', join(import.meta.dirname, '../../src/cli.ts'), ...args])
  let output = ''
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk: Buffer) => (output += chunk.toString()))
  onTestFinished(() => void child.kill('SIGKILL'))
  return { child, output: () => output, exited: new Promise((resolve) => child.once('close', resolve)) }
}

/** Its address, once it listens. */
export async function listening(running: Running): Promise<string> {
  await expect.poll(running.output, { timeout: 20_000 }).toMatch(/^listening on http:.*$/m)
  return /^listening on (http:.*)$/m.exec(running.output())?.[1] ?? ''
}
