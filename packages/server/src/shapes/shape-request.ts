import { numberedParams } from './numbered-params.ts'
import { parseOffset, type Offset } from './offset.ts'
import { refused, Refusal, underSubset } from './refusal.ts'
import { parseSubset, type SubsetRequest } from './subset-request.ts'

/** What a request asks for, checked as far as that is possible without the database. */
export interface ShapeRequest {
  readonly table: string
  readonly columns: string | undefined
  readonly queryable: string | undefined
  readonly where: string
  readonly params: readonly string[]
  readonly replica: 'default' | 'full'
  readonly log: 'full' | 'changes_only'
  readonly at: 'start' | 'now' | Offset
  /** As sent: part of the etag. */
  readonly offsetText: string
  readonly handle: string | undefined
  readonly live: boolean
  readonly events: boolean
  readonly cursor: string | undefined
  readonly subset: SubsetRequest | undefined
}

const MAX_BODY_BYTES = 8_000_000

/** @throws Refusal at the first stage that finds a fault. */
export async function parseRequest(request: Request, query: URLSearchParams): Promise<ShapeRequest> {
  const body = request.method === 'POST' ? await bodyOf(request) : {}
  const replica = choice(query, 'replica', ['default', 'full'])
  const log = choice(query, 'log', ['full', 'changes_only'])
  const params = paramsOf(query)
  const place = placeOf(query)
  const table = query.get('table') ?? textOf(body['table'])
  if (table === undefined || table === '') throw refused('table', "can't be blank")
  return {
    table, replica, log, params, ...place,
    columns: nonEmpty(query.get('columns')),
    queryable: nonEmpty(query.get('queryable_columns')),
    where: query.get('where') ?? '',
    cursor: query.get('cursor') ?? undefined,
    subset: subsetOf(query, body),
  }
}

/** The definition alone, of a request that names no place. */
export function parseDefinition(query: URLSearchParams): Omit<ShapeRequest, 'at' | 'offsetText' | 'handle' | 'live' | 'events' | 'cursor' | 'subset'> {
  return {
    table: query.get('table') ?? '',
    columns: nonEmpty(query.get('columns')),
    queryable: nonEmpty(query.get('queryable_columns')),
    where: query.get('where') ?? '',
    params: paramsOf(query),
    replica: choice(query, 'replica', ['default', 'full']),
    log: choice(query, 'log', ['full', 'changes_only']),
  }
}

function placeOf(query: URLSearchParams): Pick<ShapeRequest, 'at' | 'offsetText' | 'handle' | 'live' | 'events'> {
  const offsetText = query.get('offset') ?? ''
  const handle = nonEmpty(query.get('handle'))
  const live = isTrue(query.get('live'))
  const events = isTrue(query.get('live_sse') ?? query.get('experimental_live_sse'))
  if (offsetText === '') throw refused('offset', "can't be blank")
  const at = offsetText === '-1' ? 'start' : offsetText === 'now' ? 'now' : parseOffset(offsetText)
  if (at === undefined) throw refused('offset', 'has invalid format')
  if (typeof at === 'object' && handle === undefined) throw refused('handle', "can't be blank when offset != -1")
  if (live && at === 'start') throw refused('live', "can't be true when offset == -1")
  if (live && at === 'now') throw refused('live', "can't be true when offset is 'now'")
  if (events && !live) throw refused('live_sse', "can't be true unless live is also true")
  return { at, offsetText, handle, live, events }
}

function isTrue(text: string | null): boolean {
  return text !== null && text !== '' && text !== 'false'
}

function nonEmpty(text: string | null): string | undefined {
  return text === null || text === '' ? undefined : text
}

function textOf(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined
}

function choice<const T extends string>(query: URLSearchParams, name: string, allowed: readonly [T, ...T[]]): T {
  const text = query.get(name)
  const found = allowed.find((value) => value === text)
  if (found === undefined && text !== null && text !== '') throw refused(name, 'is invalid')
  return found ?? allowed[0]
}

/** `params[1]=a&params[2]=b`. */
function paramsOf(query: URLSearchParams): readonly string[] {
  if (query.has('params')) throw refused('params', 'is invalid')
  const entries = [...query].flatMap(([name, value]) => {
    const key = /^params\[(.*)\]$/.exec(name)?.[1]
    return key === undefined ? [] : [[key, value] as const]
  })
  return numberedParams(entries)
}

function subsetOf(query: URLSearchParams, body: Readonly<Record<string, unknown>>): SubsetRequest | undefined {
  const inQuery = [...query].flatMap(([name, value]) => (name.startsWith('subset__') ? [[name.slice('subset__'.length), value] as const] : []))
  const nested = body['subset']
  const inBody = typeof nested === 'object' && nested !== null ? (nested as Readonly<Record<string, unknown>>) : body
  try {
    return parseSubset(inQuery.length > 0 ? Object.fromEntries(inQuery) : inBody, inQuery.length > 0)
  } catch (error) {
    throw underSubset(error)
  }
}

async function bodyOf(request: Request): Promise<Readonly<Record<string, unknown>>> {
  const text = await limitedText(request)
  if (text === '') return {}
  const value = parsedJson(text)
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw new Refusal(400, { error: 'Request body must be a JSON object' })
  return value as Readonly<Record<string, unknown>>
}

function parsedJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch (error) {
    const at = /position (\d+)/.exec(error instanceof Error ? error.message : '')?.[1] ?? '0'
    const byte = Buffer.from(text.slice(Number(at), Number(at) + 1))[0] ?? 0
    const details = `unexpected byte at position ${at}: 0x${byte.toString(16).toUpperCase()} ("${text.slice(Number(at), Number(at) + 1)}")`
    throw new Refusal(400, { error: 'Invalid JSON in request body', details })
  }
}

async function limitedText(request: Request): Promise<string> {
  const chunks: Uint8Array[] = []
  let sizeBytes = 0
  const reader = request.body?.getReader()
  for (let next = await reader?.read(); next !== undefined && !next.done; next = await reader?.read()) {
    sizeBytes += next.value.length
    if (sizeBytes > MAX_BODY_BYTES) {
      await reader?.cancel()
      throw new Refusal(413, { error: 'Request body too large' })
    }
    chunks.push(next.value)
  }
  return Buffer.concat(chunks).toString('utf8')
}

