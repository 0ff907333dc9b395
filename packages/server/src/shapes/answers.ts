import { randomBytes } from 'node:crypto'
import type { AllowedOrigins } from '../cors.ts'
import type { Refusal } from './refusal.ts'

const EXPOSED = 'electric-cursor,electric-handle,electric-has-data,electric-offset,electric-schema,electric-up-to-date,electric-internal-known-error,retry-after'
const JSON_TYPE = 'application/json; charset=utf-8'
const EPOCH_SECONDS = Date.UTC(2024, 9, 9) / 1_000
const CURSOR_STEP_SECONDS = 20

export interface CacheAges {
  /** Of an answer that is not live. Default 60. */
  readonly maxAgeSeconds: number
  /** How long after that a cache may still serve it while it asks. Default 300. */
  readonly staleAgeSeconds: number
}

/** Kinds of answers by how long a cache may keep them. */
export type Keeping = 'initial' | 'catch-up' | 'live' | 'events' | 'never'

/** Answers to one principal must not be given to another by a cache between: they are `private`. */
export function cacheControl(keeping: Keeping, { maxAgeSeconds, staleAgeSeconds }: CacheAges, isShared: boolean): string {
  const who = isShared ? 'public' : 'private'
  switch (keeping) {
    case 'initial': return isShared ? 'public, max-age=604800, s-maxage=3600, stale-while-revalidate=2629746' : 'private, max-age=604800'
    case 'catch-up': return `${who}, max-age=${maxAgeSeconds}, stale-while-revalidate=${staleAgeSeconds}`
    case 'live': return `${who}, max-age=5, stale-while-revalidate=5`
    case 'events': return `${who}, max-age=59`
    case 'never': return 'no-cache'
  }
}

export function jsonAnswer(status: number, body: string, headers: Readonly<Record<string, string>>): Response {
  return new Response(body, { status, headers: { 'content-type': JSON_TYPE, ...headers } })
}

/** What a refusal looks like. Another method than GET is never cached anyway. */
export function refusalAnswer({ body, status }: Refusal, method: string): Response {
  const noStore = { 'cache-control': 'no-store', 'surrogate-control': 'no-store' }
  // What could not be read as a request at all.
  const isUnread = typeof body === 'object' && body !== null && 'error' in body
  if (isUnread) return jsonAnswer(status, JSON.stringify(body), { 'cache-control': 'max-age=0, private, must-revalidate' })
  const headers = method === 'GET' || method === 'HEAD' || status === 503 ? noStore : { 'cache-control': 'no-cache' }
  const retry = status === 503 ? { 'retry-after': String(6 + Math.floor(Math.random() * 5)), 'electric-internal-known-error': 'true' } : {}
  return jsonAnswer(status, JSON.stringify(body), { ...headers, ...retry })
}

const REFETCH = JSON.stringify([{ headers: { control: 'must-refetch' } }])

/** The shape is gone. `successor` is the handle to go on with, when it is known. */
export function refetchAnswer(successor: string | undefined, isShared: boolean, method: string): Response {
  const who = isShared ? 'public' : 'private'
  const caching = method === 'GET' || method === 'HEAD' ? `${who}, max-age=${successor === undefined ? 1 : 60}, must-revalidate` : 'no-cache'
  const named = successor === undefined ? undefined : { 'electric-handle': successor, etag: `"${successor}::"` }
  return jsonAnswer(409, REFETCH, { 'cache-control': caching, ...named })
}

export function unauthorizedAnswer(message: string): Response {
  return new Response(untyped(JSON.stringify({ message })), { status: 401, headers: { 'cache-control': 'max-age=0, private, must-revalidate' } })
}

export function notFoundAnswer(): Response {
  return new Response(untyped('Not found'), { status: 404, headers: { 'cache-control': 'max-age=0, private, must-revalidate' } })
}

/** A body whose text would get a content type that nobody gave it. */
export function untyped(text: string): Uint8Array<ArrayBuffer> {
  return new TextEncoder().encode(text)
}

export interface CommonHeaders {
  readonly methods: string
  readonly origins: AllowedOrigins | 'any'
  readonly isShared: boolean
}

/** On every answer. Who is not let in at all learns nothing about origins. */
export function commonHeaders(response: Response, request: Request, { isShared, methods, origins }: CommonHeaders): void {
  const { headers } = response
  headers.set('electric-server', 'bse-shapes')
  headers.set('x-request-id', randomBytes(15).toString('base64url'))
  headers.set('x-content-type-options', 'nosniff')
  if (response.status !== 204) headers.set('vary', ['accept-encoding', ...(isShared ? [] : ['authorization', 'cookie']), ...(origins === 'any' ? [] : ['origin'])].join(', '))
  const origin = request.headers.get('origin')
  const allowed = response.status === 401 ? undefined : allowedOrigin(origin, origins)
  if (allowed === undefined) return
  headers.set('access-control-allow-origin', allowed)
  headers.set('access-control-expose-headers', EXPOSED)
  headers.set('access-control-allow-methods', methods)
  if (response.status !== 204) return
  headers.set('access-control-max-age', '86400')
  const asked = request.headers.get('access-control-request-headers')
  if (asked !== null && origins !== 'any') headers.set('access-control-allow-headers', asked)
}

function allowedOrigin(origin: string | null, origins: AllowedOrigins | 'any'): string | undefined {
  if (origins === 'any') return origin ?? '*'
  if (origin === null) return undefined
  const isAllowed = typeof origins === 'function' ? origins(origin) : origins.includes(origin)
  return isAllowed ? origin : undefined
}

/** Grows with time and past whatever the client sent, so that a cache never gives two live requests of one client the same answer. */
export function nextCursor(sent: string | undefined, nowMs: number): string {
  const seconds = nowMs / 1_000 - EPOCH_SECONDS
  const current = Math.ceil(seconds / CURSOR_STEP_SECONDS) * CURSOR_STEP_SECONDS
  const previous = sent !== undefined && /^\d{1,15}$/.test(sent) ? Number(sent) : 0
  return String(previous >= current ? previous + 1 + Math.floor(Math.random() * 3_600) : current)
}

/** Whether the client has the answer already. Weak tags and `*` do not count. */
export function isKnown(request: Request, etag: string): boolean {
  const sent = request.headers.get('if-none-match')
  if (sent === null) return false
  return sent.split(',').some((one) => one.trim() === etag || `"${one.trim()}"` === etag)
}
