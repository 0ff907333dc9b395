import { fileURLToPath } from 'node:url'
import { TracedProcess, type Injection } from '../../../scripts/testing/traced-process.ts'

const PROGRAM = fileURLToPath(new URL('./fixtures/put-on-command.ts', import.meta.url))

/** The program that puts blobs into the store at `directory` when it is asked to, with strace attached. */
export function tracePuts(directory: string, log: string, injections: readonly Injection[] = []): Promise<TracedProcess> {
  return TracedProcess.start({ program: PROGRAM, args: [directory], log, injections })
}
