/** One system call of a trace. `begin` and `end` are positions in the trace; a call that never returned has no `end`. */
export interface SystemCall {
  readonly thread: string
  readonly name: string
  readonly text: string
  readonly begin: number
  readonly end: number | undefined
  /** Which call of this name it is in its thread, from 1: what strace counts. */
  readonly ordinal: number
}

/** Reads what `strace -f -o` wrote, joining calls that were interrupted by another thread's line. */
export function parseTrace(trace: string): readonly SystemCall[] {
  const calls: SystemCall[] = []
  const open = new Map<string, number>()
  const counts = new Map<string, number>()
  trace.split('\n').forEach((line, position) => {
    const [, thread, rest] = /^(\d+) +(.*)$/.exec(line) ?? []
    if (thread === undefined || rest === undefined) return
    const resumed = open.get(thread)
    const interrupted = resumed === undefined ? undefined : calls[resumed]
    if (/^<\.\.\. \w+ resumed>/.test(rest) && resumed !== undefined && interrupted !== undefined) {
      calls[resumed] = { ...interrupted, end: position }
      open.delete(thread)
      return
    }
    const name = /^(\w+)\(/.exec(rest)?.[1]
    if (name === undefined) return
    const ordinal = (counts.get(`${thread} ${name}`) ?? 0) + 1
    counts.set(`${thread} ${name}`, ordinal)
    const unfinished = rest.includes('<unfinished ...>') || / = \?/.test(rest)
    if (unfinished) open.set(thread, calls.length)
    calls.push({ thread, name, text: rest, begin: position, end: unfinished ? undefined : position, ordinal })
  })
  return calls
}

/** The calls that touch files below `directory` or its parent. */
export function callsOn(directory: string, calls: readonly SystemCall[]): readonly SystemCall[] {
  return calls.filter((call) => call.text.includes(directory))
}
