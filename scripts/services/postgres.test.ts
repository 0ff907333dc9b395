import { spawn } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { createInterface } from 'node:readline'
import { dirname } from 'node:path'
import { expect, it } from 'vitest'

const script = `import { startPostgres } from ${JSON.stringify(new URL('postgres.ts', import.meta.url).href)}
const { pid } = await startPostgres()
console.log(pid)
setInterval(() => undefined, 1_000)`

it('a Postgres and its files are gone when whoever started it was killed', async () => {
  const owner = spawn(process.execPath, ['--no-warnings', '--input-type=module-typescript', '--eval', script], { stdio: ['ignore', 'pipe', 'inherit'] })
  const lines = createInterface({ input: owner.stdout })[Symbol.asyncIterator]()
  const pid = Number((await lines.next()).value)
  const arguments_ = readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0')
  const folder = dirname(arguments_[arguments_.indexOf('-D') + 1] ?? '')
  expect(existsSync(`${folder}/data/postmaster.pid`)).toBe(true)
  owner.kill('SIGKILL')
  await expect.poll(() => existsSync(`/proc/${pid}`) || existsSync(folder), { timeout: 45_000 }).toBe(false)
}, 120_000)
