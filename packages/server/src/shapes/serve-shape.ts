import { schemaHeader, type Table } from './catalog.ts'
import { cacheControl, isKnown, jsonAnswer, nextCursor, refetchAnswer, type CacheAges, type Keeping } from './answers.ts'
import { definitionKey, selectedColumns, type ShapeDefinition } from './definition.ts'
import { shapeEvents } from './events.ts'
import { compareOffsets, formatOffset, SNAPSHOT_END, type Offset } from './offset.ts'
import { invalid, Refusal } from './refusal.ts'
import type { LogPart } from './shape-log.ts'
import type { ShapeRequest } from './shape-request.ts'
import type { Shape } from './shape.ts'
import type { Shapes } from './shapes.ts'
import { subsetAnswer } from './subset.ts'

export interface ServeOptions {
  readonly ages: CacheAges
  readonly isShared: boolean
  readonly times: ShapeTimes
}

/** In milliseconds. */
export interface ShapeTimes {
  /** How long a live request waits for a change. Default 20 s. */
  readonly longPollMs: number
  /** Silence on a stream after which a comment is sent. Default 21 s. */
  readonly keepAliveMs: number
  /** How long one stream stays open. Default 60 s. */
  readonly streamMs: number
  /** How long an offset that does not exist yet is waited for. Default 10 s. */
  readonly outOfBoundsMs: number
}

interface Served {
  readonly request: Request
  readonly wanted: ShapeRequest
  readonly shape: Shape
  readonly shapes: Shapes
  readonly table: Table
  readonly options: ServeOptions
}

/** The answer to a request whose shape is known to be allowed. */
export async function serveShape(request: Request, wanted: ShapeRequest, definition: ShapeDefinition, table: Table, shapes: Shapes, options: ServeOptions): Promise<Response> {
  // Who waits is told of changes as they come, and a subset names its own moment; whoever is answered at once reads what was committed before they asked.
  if (!wanted.live && wanted.subset === undefined) await shapes.current()
  const named = typeof wanted.at === 'object' && wanted.handle !== undefined ? shapes.byHandle(wanted.handle) : undefined
  const isNamed = named !== undefined && named.record.definition.relation === definition.relation && definitionKey(named.record.definition) === definitionKey(definition)
  const shape = isNamed ? named : await shapes.obtain(definition)
  shape.lastUsedMs = Date.now()
  const served: Served = { request, wanted, shape, shapes, table, options }
  if (typeof wanted.at === 'object' && !isNamed) return refetchAnswer(shape.record.handle, options.isShared, request.method)
  if (wanted.subset !== undefined) return subsetAnswer(shapes, shape, table, wanted, wanted.subset)
  if (wanted.at === 'start') return chunkAnswer(served, 0)
  if (wanted.at === 'now') return nowAnswer(served)
  return logAnswer(served, wanted.at)
}

async function chunkAnswer(served: Served, number: number): Promise<Response> {
  const { shape, shapes } = served
  const body = await shapes.store.chunk(shape.record.id, number)
  // Retired between the two looks.
  if (body === undefined) return refetchAnswer(undefined, served.options.isShared, served.request.method)
  return answer(served, { keeping: number === 0 ? 'initial' : 'catch-up', body: `[${body}]`, offset: `0_${number}`, isUpToDate: false })
}

function nowAnswer(served: Served): Response {
  const { shape, shapes } = served
  return answer(served, { keeping: 'catch-up', body: `[${upToDate(shapes.seenLsn)}]`, offset: formatOffset(shape.log.end), isUpToDate: true, hasNothing: true })
}

async function logAnswer(served: Served, at: Offset): Promise<Response> {
  const { shape, wanted } = served
  if (!wanted.live && at.lsn === 0n && at.position + 1 < shape.record.chunkCount) return chunkAnswer(served, at.position + 1)
  const from = at.lsn === 0n ? SNAPSHOT_END : at
  if (compareOffsets(from, shape.log.end) > 0) await outOfBounds(served, from)
  if (wanted.live && compareOffsets(from, shape.log.end) < 0) await served.shapes.current()
  // Before the log is read: what is seen meanwhile may not be in this part of it.
  const { seenLsn } = served.shapes
  const part = await shape.log.after(from)
  if (wanted.live && wanted.events) return eventsAnswer(served, from, part)
  if (wanted.live && part.entries.length === 0) return waitingAnswer(served, from)
  return partAnswer(served, from, part, seenLsn)
}

/** Another copy of the server may have been further. */
async function outOfBounds({ options, request, shape }: Served, from: Offset): Promise<void> {
  const deadlineMs = performance.now() + options.times.outOfBoundsMs
  while (performance.now() < deadlineMs && compareOffsets(from, shape.log.end) > 0 && !shape.isRetired && !shape.isClosing) {
    await shape.changed(shape.log.end, deadlineMs - performance.now(), request.signal)
  }
  if (compareOffsets(from, shape.log.end) > 0 && !shape.isRetired) throw invalid({ offset: ['out of bounds for this shape'] })
}

async function waitingAnswer(served: Served, from: Offset): Promise<Response> {
  const { options, request, shape, shapes } = served
  const limit = shapes.limits.maxClients
  if (shapes.waitingCount >= limit) {
    const message = `Concurrent existing request limit exceeded (limit: ${limit}), please retry`
    throw new Refusal(503, { code: 'concurrent_request_limit_exceeded', message })
  }
  await shape.changed(from, options.times.longPollMs, request.signal)
  const { seenLsn } = shapes
  const part = await shape.log.after(from)
  if (part.entries.length > 0) return partAnswer(served, from, part, seenLsn)
  if (shape.isRetired) return refetchAnswer(undefined, options.isShared, request.method)
  return answer(served, { keeping: 'live', body: `[${upToDate(seenLsn)}]`, offset: formatOffset(from), isUpToDate: true, hasNothing: true })
}

function partAnswer(served: Served, from: Offset, part: LogPart, seenLsn: bigint): Response {
  const messages = part.entries.map(({ message }) => message)
  if (part.reachesEnd) messages.push(upToDate(seenLsn))
  const offset = formatOffset(part.entries.at(-1) ?? from)
  return answer(served, { keeping: served.wanted.live ? 'live' : 'catch-up', body: `[${messages.join(',')}]`, offset, isUpToDate: part.reachesEnd })
}

function eventsAnswer(served: Served, from: Offset, part: LogPart): Response {
  const { options, request, shape, shapes } = served
  const { keepAliveMs, streamMs } = options.times
  const gone = new AbortController()
  const signal = AbortSignal.any([request.signal, gone.signal])
  const events = shapeEvents(shape, from, part, { keepAliveMs, lengthMs: streamMs, upToDate: () => upToDate(shapes.seenLsn), signal })
  const body = streamOf(events, () => gone.abort())
  return answer(served, { keeping: 'events', body, offset: formatOffset(part.entries.at(-1) ?? from), isUpToDate: part.reachesEnd })
}

function streamOf(texts: AsyncIterator<string>, cancel: () => void): ReadableStream<Uint8Array> {
  const encoder = new TextEncoder()
  return new ReadableStream({
    pull: async (controller) => {
      const next = await texts.next()
      if (next.done === true) controller.close()
      else controller.enqueue(encoder.encode(next.value))
    },
    cancel,
  })
}

function upToDate(seenLsn: bigint): string {
  return JSON.stringify({ headers: { control: 'up-to-date', global_last_seen_lsn: String(seenLsn) } })
}

/** A column that was added since is noticed at the next write. */
function carriedColumns({ record }: Shape, table: Table): ReadonlySet<string> {
  const known = new Set(record.tableColumns)
  return new Set([...selectedColumns(record.definition, table)].filter((name) => known.has(name)))
}

interface Content {
  readonly keeping: Keeping
  readonly body: string | ReadableStream<Uint8Array>
  readonly offset: string
  readonly isUpToDate: boolean
  /** No row: each such answer has an etag of its own, so that no cache takes one for another. */
  readonly hasNothing?: boolean
}

function answer(served: Served, content: Content): Response {
  const { options, request, shape, table, wanted } = served
  const isLive = content.keeping === 'live' || content.keeping === 'events'
  const etag = `"${shape.record.handle}:${wanted.offsetText}:${content.offset}${content.hasNothing === true ? `:${process.hrtime.bigint()}` : ''}"`
  const headers: Record<string, string> = {
    'cache-control': cacheControl(request.method === 'POST' ? 'never' : content.keeping, options.ages, options.isShared),
    ...(isLive ? { 'electric-cursor': nextCursor(wanted.cursor, Date.now()) } : {}),
    etag,
    'electric-handle': shape.record.handle,
    ...(content.isUpToDate ? { 'electric-up-to-date': '' } : {}),
    'electric-has-data': String(content.hasNothing !== true),
    'electric-offset': content.offset,
  }
  if (content.keeping !== 'events' && isKnown(request, etag)) {
    return new Response(null, { status: 304, headers: { ...headers, 'content-type': 'application/json; charset=utf-8' } })
  }
  if (typeof content.body !== 'string') return new Response(content.body, { headers: { ...headers, 'content-type': 'text/event-stream' } })
  const schema = isLive ? {} : { 'electric-schema': schemaHeader(table, carriedColumns(shape, table)) }
  return jsonAnswer(200, content.body, { ...headers, ...schema })
}
