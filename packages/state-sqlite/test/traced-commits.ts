import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect } from 'vitest'
import { callsOn, type SystemCall } from '../../../scripts/testing/system-calls.ts'
import { TracedProcess, type Injection } from '../../../scripts/testing/traced-process.ts'
import { sqliteState } from '../src/index.ts'

const PROGRAM = fileURLToPath(new URL('./fixtures/commit-on-command.ts', import.meta.url))
const COMMITS = 3

export interface TracedRun {
  readonly directory: string
  /** What the program said of each commit, as far as it came. */
  readonly answers: readonly string[]
  readonly killed: boolean
  /** Those that name a file or folder below `base`. */
  readonly calls: readonly SystemCall[]
}

/** Three commits into a new database; the first also makes the folders. */
export async function runCommits(base: string, injections: readonly Injection[] = []): Promise<TracedRun> {
  const directory = join(base, 'new', 'state')
  const traced = await TracedProcess.start({ program: PROGRAM, args: [directory], log: join(base, 'trace'), injections })
  const answers: string[] = []
  for (let n = 1; n <= COMMITS; n += 1) {
    const answer = await traced.ask(String(n))
    if (answer === undefined) break
    answers.push(answer)
  }
  const { killed, calls } = await traced.end()
  return { directory, answers, killed, calls: callsOn(base, calls) }
}

/** Every acknowledged commit is there, the others whole or not at all, and the database takes more. */
export async function checkCommits({ directory, answers }: TracedRun): Promise<void> {
  const store = sqliteState({ directory })('sweep')
  const acknowledged = answers.filter((answer) => answer.startsWith('committed ')).map((answer) => Number(answer.split(' ')[1]))
  const found = await numbersIn(store, 'a')
  expect(found).toEqual(expect.arrayContaining(acknowledged))
  expect(await numbersIn(store, 'b'), 'each commit that is there removed what it was to remove').toEqual(found.filter((n) => !found.includes(n + 1)))
  await store.update([], () => ({ ops: [{ put: 'after', value: 1 }], result: undefined }), { durability: 'strict' })
  expect(await store.get(['after'])).toEqual([1])
  await store.close()
}

async function numbersIn(store: ReturnType<ReturnType<typeof sqliteState>>, prefix: string): Promise<readonly number[]> {
  const numbers: number[] = []
  for await (const page of store.read({ from: `${prefix}/`, to: `${prefix}0` })) {
    for (const { value } of page) numbers.push((value as { readonly n: number }).n)
  }
  return numbers
}
