// Cuts uploads at every boundary of a protocol and at random bytes: `pnpm cuts [protocol] [--random N] [--seed N]`.
import { parseArgs } from 'node:util'
import { r2Protocols, s3Protocols } from './cuts/bucket-protocols.ts'
import { protocols } from './cuts/protocols.ts'
import { runCuts } from './cuts/run.ts'
import { seeded } from './cuts/seeded.ts'
import { complaints, inWords } from './cuts/verdict.ts'

const { positionals, values } = parseArgs({
  allowPositionals: true, options: { random: { type: 'string', default: '200' }, seed: { type: 'string', default: String(Date.now() % 1_000_000) } },
})

const all = [...protocols, ...s3Protocols, ...r2Protocols]
const chosen = all.filter(({ name }) => positionals.length === 0 || positionals.includes(name))
if (chosen.length === 0) throw new Error(`protocols: ${all.map(({ name }) => name).join(', ')}`)
process.stdout.write(`seed ${values.seed}\n`)
for (const protocol of chosen) {
  const report = await runCuts(protocol, { randomCuts: Number(values.random), random: seeded(Number(values.seed)) })
  const wrong = complaints(report)
  process.stdout.write(`${inWords(report)}\n${wrong.map((complaint) => `  ${complaint}\n`).join('')}`)
  if (wrong.length > 0) process.exitCode = 1
}
