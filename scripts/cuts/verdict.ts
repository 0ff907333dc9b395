import type { CutReport } from './run.ts'

/** What a person reads. */
export function inWords(report: CutReport): string {
  const { boundBytes, completed, cuts, equal, extraBytes, happened, onlyBefore, uploads } = report
  return [
    `${report.protocol}: ${uploads} uploads, ${happened} of ${cuts} cuts happened, ${onlyBefore} uploads cut only before the first byte`,
    `completed ${completed}, equal ${equal}, extra bytes ${extraBytes} (bound ${boundBytes})`,
  ].join('; ')
}

/** Everything that is wrong with it; nothing when all is well. */
export function complaints(report: CutReport): readonly string[] {
  const { boundBytes, completed, cuts, equal, extraBytes, failures, happened, onlyBefore, uploads } = report
  return [
    ...failures,
    ...(happened === cuts ? [] : [`${cuts - happened} cuts did not happen`]),
    ...(onlyBefore === 0 ? [] : [`${onlyBefore} uploads were cut only before the first byte`]),
    ...(completed === uploads && equal === uploads ? [] : [`of ${uploads} uploads ${completed} arrived, ${equal} with the right bytes`]),
    ...(extraBytes <= boundBytes ? [] : [`${extraBytes} bytes were sent again, more than ${boundBytes}`]),
  ]
}
