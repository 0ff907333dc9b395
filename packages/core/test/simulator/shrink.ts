/**
 * The smallest list that still fails, by delta debugging: take out half of it, then quarters, down to single ones, as long as
 * what is left fails. `fails` is asked at most `maxRuns` times.
 */
export async function shrink<T>(list: readonly T[], fails: (list: readonly T[]) => Promise<boolean>, maxRuns: number): Promise<readonly T[]> {
  let [current, runs] = [list, 0]
  for (let size = Math.ceil(current.length / 2); size >= 1; size = size === 1 ? 0 : Math.ceil(size / 2)) {
    for (let at = 0; at < current.length && runs < maxRuns;) {
      const without = [...current.slice(0, at), ...current.slice(at + size)]
      runs += 1
      if (await fails(without)) current = without
      else at += size
    }
  }
  return current
}
