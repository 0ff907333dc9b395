import type { Offset } from './offset.ts'
import type { LogEntry, LogPart } from './shape-log.ts'
import type { Shape } from './shape.ts'

export interface EventsOptions {
  readonly keepAliveMs: number
  readonly lengthMs: number
  /** The JSON of an up-to-date message as of now. */
  readonly upToDate: () => string
  readonly signal: AbortSignal
}

/**
 * A live shape as server-sent events: each transaction and an up-to-date message behind it. What was there before the connection is sent and the
 * connection ends, so that the client's next request starts from there. Of a transaction larger than a chunk the first chunk is sent and then
 * nothing until the end, as Electric does.
 */
export async function* shapeEvents(shape: Shape, from: Offset, first: LogPart, options: EventsOptions): AsyncGenerator<string> {
  if (first.entries.length > 0) {
    yield* messages(first, options)
    return
  }
  const endMs = performance.now() + options.lengthMs
  let at: Offset | undefined = from
  let silentSinceMs = performance.now()
  while (performance.now() < endMs && !shape.isClosing) {
    const waitMs = Math.min(silentSinceMs + options.keepAliveMs, endMs) - performance.now()
    await shape.changed(at ?? END_OF_TIME, Math.max(0, waitMs), options.signal)
    const part: LogPart = at === undefined ? NOTHING : await shape.log.after(at)
    if (part.entries.length === 0 && shape.isRetired) return
    yield* messages(part, options)
    if (part.entries.length > 0) at = part.reachesEnd ? part.entries.at(-1) : undefined
    const isSilent = part.entries.length === 0 && performance.now() >= silentSinceMs + options.keepAliveMs
    if (isSilent && performance.now() < endMs) yield ': keep-alive\n\n'
    if (isSilent || part.entries.length > 0) silentSinceMs = performance.now()
  }
}

const NOTHING: LogPart = { entries: [], reachesEnd: true }
const END_OF_TIME: Offset = { lsn: 1n << 64n, position: 0 }

function* messages(part: LogPart, { upToDate }: EventsOptions): Generator<string> {
  for (const [index, entry] of part.entries.entries()) {
    yield event(entry.message)
    if (endsTransaction(entry, part.entries[index + 1], part.reachesEnd)) yield event(upToDate())
  }
}

/** The end of the log ends a transaction: they are appended whole. */
function endsTransaction(entry: LogEntry, next: LogEntry | undefined, reachesEnd: boolean): boolean {
  return next === undefined ? reachesEnd : next.lsn !== entry.lsn
}

function event(json: string): string {
  return `data: ${json}\n\n`
}
