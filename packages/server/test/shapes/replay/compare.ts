import type { HttpAnswer } from './http.ts'
import type { RecordedResponse } from './recording.ts'

/** Of the connection, not of the protocol; or of each answer alone. */
const IGNORED = new Set(['date', 'content-length', 'transfer-encoding', 'connection', 'keep-alive', 'x-content-type-options'])
/** Must be there; their values differ from run to run, or from server to server. */
const PRESENT = new Set(['x-request-id', 'electric-server', 'electric-cursor', 'retry-after'])

/**
 * The names that one side of a conversation uses for what is different in every run. Each handle, place and transaction gets a number in the order in
 * which it first appears, so that two conversations agree when they use the same names at the same places.
 */
export class Names {
  readonly #numbers = new Map<string, number>()

  of(kind: string, text: string): string {
    const key = `${kind} ${text}`
    const number = this.#numbers.get(key) ?? [...this.#numbers.keys()].filter((known) => known.startsWith(`${kind} `)).length + 1
    this.#numbers.set(key, number)
    return `<${kind} ${number}>`
  }

  /** The text that has the number which `text` has on the other side. */
  translated(kind: string, text: string, other: Names): string {
    const number = other.#numbers.get(`${kind} ${text}`)
    const found = [...this.#numbers].find(([key, own]) => key.startsWith(`${kind} `) && own === number)
    return found === undefined ? text : found[0].slice(kind.length + 1)
  }

  /** Places in the order of their size: both sides must have the same. */
  order(): string {
    const places = [...this.#numbers].filter(([key]) => key.startsWith('lsn '))
    return places.toSorted(([a], [b]) => Number(BigInt(a.slice(4)) - BigInt(b.slice(4)))).map(([, number]) => number).join()
  }
}

interface Comparable {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  readonly body: unknown
  readonly endedBy: string | undefined
}

export function recordedSide({ body, endedBy, events, headers, status }: RecordedResponse, names: Names): Comparable {
  return normalised({ status, headers, body: events ?? body, endedBy }, names)
}

export function answeredSide(answer: HttpAnswer, isStream: boolean, names: Names): Comparable {
  return normalised({ status: answer.status, headers: answer.headers, body: isStream ? eventsOf(answer.text) : bodyOf(answer), endedBy: isStream ? answer.endedBy : undefined }, names)
}

/** What differs, in words; empty when nothing does. */
export function differences(recorded: Comparable, answered: Comparable): readonly string[] {
  const found: string[] = []
  if (recorded.status !== answered.status) found.push(`status ${recorded.status} became ${answered.status}`)
  for (const name of new Set([...Object.keys(recorded.headers), ...Object.keys(answered.headers)])) {
    const [was, is] = [recorded.headers[name], answered.headers[name]]
    // A text that nobody gave a type gets one from the adapter to Node's HTTP.
    if (name === 'content-type' && was === undefined) continue
    if (was !== is) found.push(`${name}: ${was ?? '(none)'} became ${is ?? '(none)'}`)
  }
  const [was, is] = [sortedJson(recorded.body), sortedJson(answered.body)]
  if (was !== is) found.push(`body: ${around(was, is)} became ${around(is, was)}`)
  if (recorded.endedBy !== answered.endedBy) found.push(`ended by ${recorded.endedBy} became ${answered.endedBy}`)
  return found
}

function around(text: string, other: string): string {
  let at = 0
  while (at < text.length && text[at] === other[at]) at += 1
  return text.slice(Math.max(0, at - 60), at + 200)
}

function normalised(side: Comparable, names: Names): Comparable {
  const headers: Record<string, string> = {}
  for (const [raw, value] of Object.entries(side.headers)) {
    const name = raw.toLowerCase()
    if (!IGNORED.has(name)) headers[name] = PRESENT.has(name) ? '*' : headerValue(name, value, names)
  }
  return { ...side, headers, body: bodyValue(side.body, names) }
}

function headerValue(name: string, value: string, names: Names): string {
  if (name === 'electric-handle') return names.of('handle', value)
  if (name === 'electric-offset') return place(value, names)
  if (name === 'electric-schema') return sortedJson(JSON.parse(Buffer.from(value, 'latin1').toString('utf8')))
  if (name !== 'etag') return value
  const [handle = '', from = '', to = '', extra] = value.replaceAll('"', '').split(':')
  return [names.of('handle', handle), place(from, names), place(to, names), ...(extra === undefined ? [] : ['*'])].join(':')
}

/** `<lsn>_<n>`; places in a snapshot are the same in every run. */
function place(text: string, names: Names): string {
  const [, lsn, position] = /^(\d+)_(\d+)$/.exec(text) ?? []
  return lsn === undefined || position === undefined || lsn === '0' ? text : `${names.of('lsn', lsn)}_${position}`
}

function bodyValue(body: unknown, names: Names): unknown {
  if (Array.isArray(body)) return body.map((item) => bodyValue(item, names))
  if (typeof body !== 'object' || body === null) return body === '' ? undefined : body
  const result: Record<string, unknown> = {}
  for (const [key, value] of Object.entries(body)) result[key] = fieldValue(key, value, names)
  return result
}

function fieldValue(key: string, value: unknown, names: Names): unknown {
  if (key === 'lsn' && typeof value === 'string' && /^\d+$/.test(value)) return names.of('lsn', value)
  if (key === 'txids' && Array.isArray(value)) return value.map((txid) => names.of('txid', String(txid)))
  if (key === 'xip_list' && Array.isArray(value)) return value.length
  if (['xmin', 'xmax', 'snapshot_mark', 'database_lsn', 'global_last_seen_lsn'].includes(key)) return typeof value
  return bodyValue(value, names)
}

function bodyOf({ text }: HttpAnswer): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return text
  }
}

function eventsOf(text: string): readonly unknown[] {
  const blocks = text.split('\n\n').filter((block) => block !== '')
  return blocks.map((block) => (block.startsWith('data: ') ? (JSON.parse(block.slice('data: '.length)) as unknown) : { comment: block }))
}

function sortedJson(value: unknown): string {
  return JSON.stringify(value, (_, one: unknown) =>
    typeof one === 'object' && one !== null && !Array.isArray(one) ? Object.fromEntries(Object.entries(one).toSorted(([a], [b]) => (a < b ? -1 : 1))) : one,
  ) ?? '(nothing)'
}
