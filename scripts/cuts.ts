// Cuts uploads at every boundary of a protocol and at random bytes: `pnpm cuts [protocol] [--random N] [--seed N]`.
import { parseArgs } from 'node:util'
import { protocols } from './cuts/protocols.ts'
import { runCuts, type CutReport } from './cuts/run.ts'
import { seeded } from './cuts/seeded.ts'

const { positionals, values } = parseArgs({
  allowPositionals: true, options: { random: { type: 'string', default: '200' }, seed: { type: 'string', default: String(Date.now() % 1_000_000) } },
})

function line(report: CutReport): string {
  const { boundBytes, completed, cuts, equal, extraBytes, happened, onlyBefore, uploads } = report
  return [
    `${report.protocol}: ${uploads} uploads, ${happened} of ${cuts} cuts happened, ${onlyBefore} uploads cut only before the first byte`,
    `completed ${completed}, equal ${equal}, extra bytes ${extraBytes} (bound ${boundBytes})`,
  ].join('; ')
}

const chosen = protocols.filter(({ name }) => positionals.length === 0 || positionals.includes(name))
if (chosen.length === 0) throw new Error(`protocols: ${protocols.map(({ name }) => name).join(', ')}`)
process.stdout.write(`seed ${values.seed}\n`)
for (const protocol of chosen) {
  const report = await runCuts(protocol, { randomCuts: Number(values.random), random: seeded(Number(values.seed)) })
  process.stdout.write(`${line(report)}\n${report.failures.map((failure) => `  ${failure}\n`).join('')}`)
  const isFine = report.equal === report.uploads && report.happened === report.cuts && report.onlyBefore === 0 && report.extraBytes <= report.boundBytes
  if (!isFine) process.exitCode = 1
}
