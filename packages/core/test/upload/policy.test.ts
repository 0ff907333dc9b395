import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { BseError } from '../../src/errors.ts'
import { newLedgerEntry, type LedgerEntry, type RemoteRecord, UNKNOWN_REMOTE } from '../../src/model/ledger-entry.ts'
import { backoffMs, dueInMs, MAX_RETRY_AFTER_MS, waitMs } from '../../src/upload/backoff.ts'
import { blameOf } from '../../src/upload/failure.ts'
import { CANCELLED, planUploads } from '../../src/upload/select.ts'
import { blobHashFromHex } from '../../src/wire/index.ts'

const options = { baseMs: 500, maxMs: 60_000 }

describe('the wait after a failure', () => {
  // R-176 F-32 F-44
  it('is never negative and never beyond the cap, for any failures and jitter', () => {
    fc.assert(fc.property(fc.integer({ min: -5, max: 1e9 }), fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }), (failures, random) => {
      const wait = backoffMs(failures, options, random)
      expect(wait).toBeGreaterThanOrEqual(0)
      expect(wait).toBeLessThanOrEqual(options.maxMs)
    }))
  })

  it('doubles with each failure and uses the whole range below', () => {
    expect([1, 2, 3, 8, 9].map((failures) => backoffMs(failures, options, 0.999_999))).toEqual([500, 1_000, 2_000, 60_000, 60_000])
    expect(backoffMs(5, options, 0)).toBe(0)
  })

  // F-43
  it('honours what a server asks for, up to an hour', () => {
    expect(waitMs(1, 10_000, options, 0.5)).toBe(10_000)
    expect(waitMs(1, 1e12, options, 0.5)).toBe(MAX_RETRY_AFTER_MS)
    for (const absurd of [-5, 0, NaN, Infinity, undefined]) expect(waitMs(1, absurd, options, 0.5)).toBe(250)
  })
})

describe('a time to wait for', () => {
  it('is waited for', () => {
    expect(dueInMs(5_000, 1_000)).toBe(4_000)
    expect(dueInMs(1_000, 5_000)).toBe(0)
  })

  // F-32
  it('is over when the clock was set back so far that nobody asked for such a wait', () => {
    expect(dueInMs(86_400_000, 0)).toBe(0)
    expect(dueInMs(MAX_RETRY_AFTER_MS, 0)).toBe(MAX_RETRY_AFTER_MS)
  })
})

describe('blame', () => {
  // F-44 F-45
  it('falls on the item only where the answer is about the item', () => {
    const item = [
      new BseError('HASH_MISMATCH', '', { expected: blobHashFromHex('0'.repeat(64)), actual: undefined }), new BseError('TOO_LARGE', '', { sizeBytes: 1, limitBytes: 0 }),
      new BseError('REJECTED', '', { status: 422, reason: '' }), new BseError('FORBIDDEN', '', {}),
    ]
    const host = [
      new BseError('NETWORK', '', { status: undefined }), new BseError('RATE_LIMITED', '', { retryAfterMs: 1 }), new BseError('UNAUTHORIZED', '', {}),
      new BseError('STORAGE_FULL', '', { neededBytes: 1, availableBytes: 0 }), new Error('40123 bytes'),
    ]
    expect(item.map((error) => blameOf(error).item)).toEqual([true, true, true, true])
    expect(host.map((error) => blameOf(error).item)).toEqual([false, false, false, false, false])
  })
})

describe('the upload plan', () => {
  const entry = (hex: string, sizeBytes: number, remote: Partial<RemoteRecord>): LedgerEntry => ({
    ...newLedgerEntry(blobHashFromHex(hex.repeat(64)), sizeBytes, ''), local: 'present', claims: ['m'], remotes: { r: { ...UNKNOWN_REMOTE, state: 'owed', ...remote } },
  })

  it('starts small ones first, as many as there are places', () => {
    const entries = [entry('a', 300, {}), entry('b', 100, {}), entry('c', 200, {})]
    expect(planUploads(entries, 'r', new Set(), 0, 2, () => false).start.map(({ sizeBytes }) => sizeBytes)).toEqual([100, 200])
    expect(planUploads(entries, 'r', new Set(), 0, -1, () => false).start).toEqual([])
  })

  it('leaves alone what is busy, not due, parked or without bytes', () => {
    const due = entry('a', 1, { nextAtMs: 50 })
    const entries = [due, entry('b', 1, { state: 'parked' }), { ...entry('c', 1, {}), local: 'lost' as const }, entry('d', 1, {})]
    const plan = planUploads(entries, 'r', new Set([blobHashFromHex('d'.repeat(64))]), 10, 9, () => false)
    expect(plan).toEqual({ start: [], cancel: [], stop: [], nextInMs: 40 })
    expect(planUploads(entries, 'r', new Set(), 50, 9, () => false).start.map(({ hash }) => hash)).toContain(due.hash)
  })

  it('leaves alone what the person holds back, and stops what they hold back or give up in mid-way', () => {
    const [running, given, other] = [entry('a', 1, { state: 'uploading', epoch: 1 }), entry('b', 1, { state: 'parked', reason: { code: CANCELLED, message: '' } }), entry('c', 1, {})]
    const busy = new Set([running.hash, given.hash])
    const plan = planUploads([running, given, other], 'r', busy, 0, 9, (hash) => hash !== given.hash)
    expect(plan).toEqual({ start: [], cancel: [], stop: [running, given], nextInMs: undefined })
    expect(planUploads([running, given, other], 'r', new Set(), 0, 9, () => true).stop).toEqual([])
  })

  it('cancels what lost its last claim while it was on the way', () => {
    expect(planUploads([entry('a', 1, { state: 'cancelling', epoch: 1 })], 'r', new Set(), 0, 9, () => false).cancel).toHaveLength(1)
  })
})
