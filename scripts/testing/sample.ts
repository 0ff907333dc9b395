import { randomInt } from 'node:crypto'

/**
 * Every `stride`-th of many points, from a place that is another one in each run: in time all are tried. `SAMPLE_OFFSET` repeats a run.
 * The offset belongs into the message of whatever fails.
 */
export function sample<T>(points: readonly T[], stride: number): { readonly offset: number; readonly points: readonly T[] } {
  const wanted = process.env['SAMPLE_OFFSET']
  const offset = wanted === undefined ? randomInt(stride) : Number(wanted) % stride
  return { offset, points: points.filter((_, index) => index % stride === offset) }
}
