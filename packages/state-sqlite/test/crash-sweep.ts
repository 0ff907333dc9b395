import { expect } from 'vitest'
import { sample } from '../../../scripts/testing/sample.ts'
import type { SystemCall } from '../../../scripts/testing/system-calls.ts'
import { temporaryDirectory } from './temporary-directory.ts'
import { checkCommits, runCommits } from './traced-commits.ts'

/** Kills a process at every `stride`-th system call of three commits that names a file or folder of the database, and looks at what is left. */
export async function sweepCrashes(stride: number): Promise<void> {
  const all = (await runCommits(await temporaryDirectory())).calls
  expect(all.map((point) => point.name)).toEqual(expect.arrayContaining(['mkdir', 'openat', 'pwrite64', 'fsync']))
  const { offset, points } = sample(all, stride)
  for (const point of points) {
    let hit = false
    // strace counts in every thread: now and then one of Node's own is the first to reach the count.
    for (let tries = 0; !hit && tries < 5; tries++) hit = await killAt(point)
    expect(hit, `${point.name} ${point.ordinal} was not hit (SAMPLE_OFFSET=${offset})`).toBe(true)
  }
}

/** Checks what is left, wherever the process died; true when it died at this very call. */
async function killAt({ name, ordinal }: SystemCall): Promise<boolean> {
  const run = await runCommits(await temporaryDirectory(), [`${name}:signal=SIGKILL:when=${ordinal}`])
  await checkCommits(run)
  const last = run.calls.at(-1)
  return run.killed && last?.name === name && last.ordinal === ordinal
}

/** Lets every `stride`-th write and sync of three commits fail once, and looks at what was said and at what is left. */
export async function sweepFaults(error: string, codes: readonly string[], stride: number): Promise<ReadonlySet<string>> {
  const all = (await runCommits(await temporaryDirectory())).calls.filter(({ name }) => name === 'pwrite64' || name === 'fsync')
  const { offset, points } = sample(all, stride)
  const said = new Set<string>()
  for (const point of points) {
    const where = `${error} at ${point.name} ${point.ordinal} (SAMPLE_OFFSET=${offset})`
    const run = await runCommits(await temporaryDirectory(), [`${point.name}:error=${error}:when=${point.ordinal}`])
    expect(run.answers, where).toHaveLength(3)
    for (const answer of run.answers) {
      expect(['committed', ...codes.map((code) => `failed ${code}`)].some((fine) => answer.startsWith(fine)), `${where}: ${answer}`).toBe(true)
      if (answer.startsWith('failed ')) said.add(answer.replace('failed ', ''))
    }
    await checkCommits(run)
  }
  return said
}
