/** One piece of work, done by several in turn. */
export interface Group {
  readonly name: string
  /** What one run does: so many `unit`s. Left out: the time of a run is what counts. */
  readonly amount?: number
  readonly unit?: string
  readonly contenders: readonly string[]
  readonly goals: readonly Goal[]
}

export interface Goal {
  readonly id: string
  readonly of: string
  /** Whose time it is held against; of several the slowest in that round. Left out: the time itself, in milliseconds. */
  readonly against?: readonly string[]
  /** The other's time divided by ours is to be at least this, or ours by the other's at most that. */
  readonly atLeast?: number
  readonly atMost?: number
}

export interface Measured {
  readonly group: string
  readonly contender: string
  readonly medianMs: number
  readonly leastMs: number
  readonly mostMs: number
  readonly rate: string
}

export interface Ratio {
  readonly group: string
  readonly id: string
  readonly what: string
  readonly median: number
  readonly least: number
  readonly most: number
  readonly goal: string
  readonly isMet: boolean
}

/** Every contender once to warm up, then in turn, beginning with another each round. In milliseconds, by contender, in the order of the rounds. */
export async function interleaved(group: Group, rounds: number, run: (contender: string) => Promise<number>): Promise<ReadonlyMap<string, readonly number[]>> {
  const times = new Map<string, number[]>(group.contenders.map((name) => [name, []]))
  for (const name of group.contenders) await run(name)
  for (let round = 0; round < rounds; round += 1) {
    for (let place = 0; place < group.contenders.length; place += 1) {
      const name = group.contenders[(round + place) % group.contenders.length] ?? ''
      times.get(name)?.push(await run(name))
    }
  }
  return times
}

export function measuredOf(group: Group, times: ReadonlyMap<string, readonly number[]>): readonly Measured[] {
  return [...times].map(([contender, each]) => {
    const medianMs = median(each)
    const rate = group.amount === undefined ? '' : `${(group.amount / (medianMs / 1_000)).toFixed(0)} ${group.unit ?? ''}/s`
    return { group: group.name, contender, medianMs, leastMs: Math.min(...each), mostMs: Math.max(...each), rate }
  })
}

/** Round by round, so that what slows the whole machine for a moment slows both. */
export function ratiosOf(group: Group, times: ReadonlyMap<string, readonly number[]>): readonly Ratio[] {
  return group.goals.map((goal) => {
    const ours = times.get(goal.of) ?? []
    const each = ours.map((ms, round) => {
      if (goal.against === undefined) return ms
      const other = Math.max(...goal.against.map((name) => times.get(name)?.[round] ?? Number.NaN))
      return goal.atMost === undefined ? other / ms : ms / other
    })
    const middle = median(each)
    const unit = goal.against === undefined ? ' ms' : ''
    return {
      group: group.name, id: goal.id, what: goal.against === undefined ? goal.of : goal.atMost === undefined ? `${goal.of} as fast as ${goal.against.join(' or ')}` : `time of ${goal.of} to ${goal.against.join(' or ')}`,
      median: middle, least: Math.min(...each), most: Math.max(...each),
      goal: goal.atMost === undefined ? `at least ${goal.atLeast ?? 0}${unit}` : `at most ${goal.atMost}${unit}`,
      isMet: goal.atMost === undefined ? middle >= (goal.atLeast ?? 0) : middle <= goal.atMost,
    }
  })
}

function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b)
  const middle = Math.floor(sorted.length / 2)
  return sorted.length % 2 === 1 ? (sorted[middle] ?? Number.NaN) : ((sorted[middle - 1] ?? Number.NaN) + (sorted[middle] ?? Number.NaN)) / 2
}
