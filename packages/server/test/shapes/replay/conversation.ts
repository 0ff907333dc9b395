import { createShapeHandler, type ShapeHandler, type ShapeHandlerOptions } from '../../../src/shapes/index.ts'
import type { Backend } from './backend.ts'
import { answeredSide, differences, Names, recordedSide } from './compare.ts'
import { call, serve, type HttpAnswer } from './http.ts'
import type { During, RecordedRequest, RecordedResponse, Recording, Step } from './recording.ts'

export interface StepResult {
  readonly step: number
  readonly note: string
  readonly differences: readonly string[]
}

const PADDING = /^(.*"pad":")x+\.\.\. \(9 MB of x\)$/
const AFTER_DDL = /^(\d+) ms after the DDL$/
const STOPPED = /^service stopped/
const WITH_WRITERS = new Set(['snapshot_with_writers'])
const ACTIVE = 'service is active again'

/** Settings of a recorded server that differ from those of most. */
function settingsOf({ name }: Recording): Partial<ShapeHandlerOptions> {
  if (name === 'auth_secret') return { secret: 'fixture-secret-0001', deletion: false, ages: { maxAgeSeconds: 1, staleAgeSeconds: 3 } }
  return name === 'overload' ? { limits: { chunkBytes: 10_000, maxClients: 2 } } : {}
}

/** Has one recorded conversation with a handler over a database of its own, and says where the answers differ. */
export async function converse(recording: Recording, backend: Backend): Promise<readonly StepResult[]> {
  const conversation = new Conversation(recording, backend)
  try {
    return await conversation.run()
  } finally {
    await conversation.close()
  }
}

class Conversation {
  readonly #recording: Recording
  readonly #backend: Backend
  readonly #recorded = new Names()
  readonly #answered = new Names()
  readonly #answers = new Map<number, HttpAnswer>()
  #handler: ShapeHandler | undefined
  #http: Awaited<ReturnType<typeof serve>> | undefined
  #statementAtMs = 0
  readonly #bodies: (readonly [recorded: unknown, answered: unknown])[] = []

  constructor(recording: Recording, backend: Backend) {
    this.#recording = recording
    this.#backend = backend
  }

  async run(): Promise<readonly StepResult[]> {
    await this.#backend.run(this.#recording.schemaSql)
    // Transaction ids as long as the recorded ones: they count in the size of a chunk.
    await this.#backend.run("do $$ begin while (pg_current_xact_id()::text)::bigint < 1000 loop commit; end loop; end $$")
    await this.#open()
    this.#http = await serve(() => this.#handler)
    const results: StepResult[] = []
    for (const [index, step] of this.#recording.steps.entries()) {
      const found = await this.#step(step, index)
      results.push({ step: index, note: step.note ?? '', differences: found })
    }
    if (WITH_WRITERS.has(this.#recording.name)) return [this.#sameEnd()]
    if (this.#recorded.order() !== this.#answered.order()) results.push({ step: -1, note: 'order of places', differences: ['the places of transactions are in another order'] })
    return results
  }

  /** While others write, the moment of a snapshot is a matter of luck; the rows in the end are not. */
  #sameEnd(): StepResult {
    // The first two are of another shape, the next read the log while it still grew, the last seven when it was at rest.
    const followed = [...this.#bodies.slice(2, 3), ...this.#bodies.slice(-7)]
    const [recorded, answered] = [rowsInTheEnd(followed.map(([body]) => body)), rowsInTheEnd(followed.map(([, body]) => body))]
    return { step: this.#recording.steps.length - 1, note: 'rows in the end', differences: recorded === answered ? [] : [`${recorded} became ${answered}`] }
  }

  async close(): Promise<void> {
    this.#http?.server.closeAllConnections()
    this.#http?.server.close()
    await this.#handler?.close()
    await this.#backend.close()
  }

  async #open(): Promise<void> {
    const database = await this.#backend.database()
    const options = { limits: { chunkBytes: 10_000 }, deletion: true, origins: 'any', ...settingsOf(this.#recording) } as const
    this.#handler = await createShapeHandler({ database, ...options })
  }

  async #step(step: Step, index: number): Promise<readonly string[]> {
    if (step.sleepMs !== undefined) await delay(step.sleepMs)
    if (step.sql !== undefined) await this.#run(step.sql, step.session)
    if (step.request === undefined && step.note !== undefined) await this.#noted(step.note)
    if (step.parallel !== undefined) return this.#parallel(step)
    // A snapshot that is still being written when its first chunk was sent. Ours are written before.
    if (Array.isArray(step.response?.body) && step.response.body.length === 0) return []
    // What a server answers while it starts is not the same for two kinds of servers.
    if (step.request === undefined || step.response === undefined || this.#handler === undefined) return []
    const { answer } = await this.#exchange(step.request, step.response, step.during ?? [])
    this.#answers.set(index, answer)
    this.#bodies.push([step.response.body, parsedOr(answer.text)])
    return this.#compared(step.response, answer)
  }

  async #noted(note: string): Promise<void> {
    const afterMs = AFTER_DDL.exec(note)?.[1]
    if (afterMs !== undefined) await delay(this.#statementAtMs + Number(afterMs) - performance.now())
    if (STOPPED.test(note)) {
      await this.#handler?.close()
      this.#handler = undefined
    }
    if (note === ACTIVE) await this.#open()
  }

  async #parallel({ during = [], parallel = [] }: Step): Promise<readonly string[]> {
    const asked = await Promise.all(parallel.map(({ request, response }, index) => this.#exchange(request, response, index === 0 ? during : [])))
    return parallel.flatMap(({ label, response }, index) => {
      const answer = asked[index]?.answer
      this.#bodies.push([response.body, parsedOr(answer?.text ?? '')])
      return answer === undefined ? [] : this.#compared(response, answer).map((text) => `${label}: ${text}`)
    })
  }

  #compared(response: RecordedResponse, answer: HttpAnswer): readonly string[] {
    return differences(recordedSide(response, this.#recorded), answeredSide(answer, response.events !== undefined, this.#answered))
  }

  async #exchange(request: RecordedRequest, response: RecordedResponse, during: readonly During[]): Promise<{ readonly answer: HttpAnswer }> {
    const hangUpMs = response.endedBy === 'client' ? response.tookMs : undefined
    // What came after the recorded answer comes after ours, however long that takes.
    const isAfter = ({ atMs }: During): boolean => during.length === 1 && atMs > (response.tookMs ?? Infinity)
    const happening = during.filter((one) => !isAfter(one)).map((one) => this.#happens(one))
    const answer = await this.#ask(request, hangUpMs)
    await Promise.all(happening)
    for (const one of during.filter(isAfter)) await this.#happens({ ...one, atMs: 0 })
    return { answer }
  }

  async #happens({ atMs, request, session, sql }: During): Promise<void> {
    await delay(atMs)
    if (sql !== undefined) await this.#run(sql, session)
    if (request !== undefined) await this.#ask(request, undefined)
  }

  async #run(sql: string, session: string | undefined): Promise<void> {
    this.#statementAtMs = performance.now()
    await this.#backend.run(sql, session)
  }

  #ask({ body, headers = {}, method, path, query = {}, refs = {} }: RecordedRequest, hangUpMs: number | undefined): Promise<HttpAnswer> {
    const search = Object.entries(query).map(([name, value]) => `${encodeURIComponent(name)}=${encodeURIComponent(this.#value(`query.${name}`, value, refs))}`)
    const sent = Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, this.#value(`headers.${name}`, value, refs)]))
    const text = body === undefined || body === null ? undefined : typeof body === 'string' ? body.replace(PADDING, (_, start: string) => `${start}${'x'.repeat(9_000_000)}"}`) : JSON.stringify(body)
    return call(this.#http?.port ?? 0, { method, path: search.length === 0 ? path : `${path}?${search.join('&')}`, headers: sent, body: text, hangUpMs })
  }

  /** As the other server would have been asked: what it named itself is named as this one does. */
  #value(place: string, recorded: string, refs: Readonly<Record<string, string>>): string {
    const [, step, header] = /^steps\[(\d+)\]\.response\.headers\.(.+)$/.exec(refs[place] ?? '') ?? []
    const own = step === undefined || header === undefined ? undefined : this.#answers.get(Number(step))?.headers[header]
    if (own !== undefined) return own
    return recorded.replace(/\d+-\d{16}/g, (handle) => this.#answered.translated('handle', handle, this.#recorded)).replace(/(\d{5,})(?=_\d)/g, (lsn) => this.#answered.translated('lsn', lsn, this.#recorded))
  }
}

function parsedOr(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return text
  }
}

interface Message {
  readonly key?: string
  readonly value?: Readonly<Record<string, string | null>>
  readonly headers: { readonly operation?: string; readonly control?: string }
}

/** What a client has after all answers. An insert of a row that is there, or an update of one that is not, is a fault. */
function rowsInTheEnd(bodies: readonly unknown[]): string {
  const rows = new Map<string, Readonly<Record<string, string | null>>>()
  let faults = 0
  for (const message of bodies.flatMap((body) => (Array.isArray(body) ? (body as Message[]) : []))) {
    const { headers, key = '', value = {} } = message
    if (headers.operation === 'insert' && rows.has(key)) faults += 1
    if (headers.operation === 'update' && !rows.has(key)) faults += 1
    if (headers.operation === 'delete') rows.delete(key)
    else if (headers.operation !== undefined) rows.set(key, { ...rows.get(key), ...value })
  }
  return JSON.stringify({ faults, rows: [...rows].toSorted(([a], [b]) => (a < b ? -1 : 1)) })
}

function delay(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, Math.max(0, ms)))
}
