import { describe, expect, it } from 'vitest'
import type { BseErrorCode } from '../../src/errors.ts'
import { httpError } from '../../src/http/http-error.ts'
import { retryAfterMs } from '../../src/http/retry-after.ts'

const hash = `sha256:${'a'.repeat(64)}` as const
const nowMs = Date.parse('2026-11-21T12:00:00Z')
const wire = (code: BseErrorCode, details: object = {}): unknown => ({ error: { code, message: 'x', details } })

interface Case {
  readonly status: number
  readonly operation?: string
  readonly retryAfter?: string
  readonly body?: unknown
  readonly code: BseErrorCode
  readonly retryable: boolean
}

// F-43 F-44 F-45: one row for each decision.
const cases: readonly Case[] = [
  { status: 0, code: 'NETWORK', retryable: true },
  { status: 301, code: 'NETWORK', retryable: true },
  { status: 302, code: 'NETWORK', retryable: true },
  { status: 400, code: 'REJECTED', retryable: false },
  { status: 400, body: wire('HASH_MISMATCH', { actual: hash }), code: 'HASH_MISMATCH', retryable: false },
  { status: 401, code: 'UNAUTHORIZED', retryable: true },
  { status: 402, code: 'REJECTED', retryable: false },
  { status: 403, code: 'FORBIDDEN', retryable: false },
  { status: 404, code: 'NOT_FOUND', retryable: false },
  { status: 404, operation: 'upload', code: 'REJECTED', retryable: false },
  { status: 405, code: 'REJECTED', retryable: false },
  { status: 408, code: 'NETWORK', retryable: true },
  { status: 409, code: 'REJECTED', retryable: false },
  { status: 409, body: wire('HASH_MISMATCH'), code: 'HASH_MISMATCH', retryable: false },
  { status: 410, code: 'GONE', retryable: false },
  { status: 412, code: 'REJECTED', retryable: false },
  { status: 413, body: wire('TOO_LARGE', { limitBytes: 7 }), code: 'TOO_LARGE', retryable: false },
  { status: 415, body: wire('REJECTED'), code: 'REJECTED', retryable: false },
  { status: 416, code: 'RANGE_INVALID', retryable: false },
  { status: 422, body: wire('HASH_MISMATCH'), code: 'HASH_MISMATCH', retryable: false },
  { status: 422, code: 'REJECTED', retryable: false },
  { status: 423, code: 'NETWORK', retryable: true },
  { status: 425, code: 'NETWORK', retryable: true },
  { status: 429, code: 'RATE_LIMITED', retryable: true },
  { status: 429, retryAfter: '7', code: 'RATE_LIMITED', retryable: true },
  { status: 500, code: 'NETWORK', retryable: true },
  { status: 500, body: wire('HASH_MISMATCH'), code: 'NETWORK', retryable: true },
  { status: 502, body: '<html>', code: 'NETWORK', retryable: true },
  { status: 503, code: 'NETWORK', retryable: true },
  { status: 503, retryAfter: '7', code: 'RATE_LIMITED', retryable: true },
  { status: 504, code: 'NETWORK', retryable: true },
  { status: 507, code: 'STORAGE_FULL', retryable: false },
  { status: 599, code: 'NETWORK', retryable: true },
  { status: 418, body: wire('STORAGE_FULL'), code: 'REJECTED', retryable: false },
  { status: 418, body: { error: { code: '__proto__' } }, code: 'REJECTED', retryable: false },
]

describe('what a status means', () => {
  it.each(cases)('$status of $operation becomes $code', ({ body, code, operation = 'open', retryAfter = null, retryable, status }) => {
    const error = httpError({ adapter: 'blob-http', operation, hash, nowMs }, { status, retryAfter, date: null, body })
    expect([error.code, error.retryable]).toEqual([code, retryable])
    expect(error.message).toBe(`blob-http.${operation}: the server answered ${status}`)
  })

  it('decides about every status there is', () => {
    for (let status = 0; status < 700; status++) expect(httpError({ adapter: 'blob-http', operation: 'upload', hash: undefined, nowMs }, { status, retryAfter: null, date: null, body: null }).code).toBeTruthy()
  })

  it('carries what the server said about limits', () => {
    const error = httpError({ adapter: 'blob-http', operation: 'upload', hash, sizeBytes: 9, nowMs }, { status: 413, retryAfter: null, date: null, body: wire('TOO_LARGE', { limitBytes: 7 }) })
    expect(error.details).toEqual({ sizeBytes: 9, limitBytes: 7 })
  })
})

describe('Retry-After', () => {
  // F-43
  it.each<readonly [string | null, number | undefined]>([
    [null, undefined],
    ['0', 0],
    ['7', 7_000],
    [' 7 ', 7_000],
    ['1.5', 1_500],
    ['-5', 0],
    ['3600', 3_600_000],
    ['3601', 3_600_000],
    ['1000000000', 3_600_000],
    ['9'.repeat(400), 3_600_000],
    ['Sat, 21 Nov 2026 12:00:30 GMT', 30_000],
    ['Sat, 21 Nov 2026 11:00:00 GMT', 0],
    ['Fri, 21 Nov 2036 12:00:00 GMT', 3_600_000],
    ['soon', undefined],
    ['', undefined],
  ])('%j waits %s ms', (header, expected) => {
    expect(retryAfterMs(header, nowMs)).toBe(expected)
  })
  // F-43 F-47
  it('as a date is counted from what the server takes for now, however wrong this clock is', () => {
    const answer = { status: 503, retryAfter: 'Sat, 21 Nov 2026 12:00:30 GMT', date: 'Sat, 21 Nov 2026 12:00:10 GMT', body: undefined }
    for (const offByMs of [0, 900_000, -172_800_000]) {
      const error = httpError({ adapter: 'blob-http', operation: 'open', hash, nowMs: nowMs + offByMs }, answer)
      expect(error).toMatchObject({ code: 'RATE_LIMITED', details: { retryAfterMs: 20_000 } })
    }
    expect(httpError({ adapter: 'blob-http', operation: 'open', hash, nowMs }, { ...answer, date: 'lunch' })).toMatchObject({ details: { retryAfterMs: 30_000 } })
  })
})
