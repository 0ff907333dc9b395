import { describe, expect, it } from 'vitest'
import { BseError } from '../../src/errors.ts'
import { newLedgerEntry, UNKNOWN_REMOTE, type LedgerEntry, type LocalState, type RemoteState } from '../../src/model/ledger-entry.ts'
import { isToAsk, isToFetch } from '../../src/peers/decide.ts'
import { announcedAs } from '../../src/peers/server-url.ts'
import { SourceOrder } from '../../src/peers/source-order.ts'
import type { BlobHash } from '../../src/wire/index.ts'

const HASH: BlobHash = `sha256:${'a'.repeat(64)}`
const entry = (local: LocalState, remotes: Readonly<Record<string, RemoteState>> = {}): LedgerEntry => ({
  ...newLedgerEntry(HASH, 1, ''), local, remotes: Object.fromEntries(Object.entries(remotes).map(([id, state]) => [id, { ...UNKNOWN_REMOTE, state }])),
})

describe('what a server has', () => {
  it.each<[string, LedgerEntry | undefined, boolean]>([
    ['that this device has never met', undefined, true],
    ['that was asked for and was nowhere', entry('absent', { a: 'gone' }), true],
    ['that was let go of here', entry('absent', { b: 'stored' }), false],
    ['that is on its way in', entry('staged'), false],
    ['that is here', entry('present'), false],
    ['that is leaving', entry('evicting', { a: 'stored' }), false],
    ['that rotted here', entry('lost'), true],
  ])('is fetched when it is something %s: %#', (_, known, expected) => {
    expect(isToFetch(known)).toBe(expected)
  })
})

describe('what a server says to lack', () => {
  it.each<[RemoteState, boolean]>([
    ['unknown', true], ['absent', true], ['stored', true], ['owed', false], ['uploading', false], ['cancelling', false], ['parked', false], ['gone', false],
  ])('is asked for when the ledger says %s: %s', (state, expected) => {
    expect(isToAsk(entry('present', { a: state }), 'a')).toBe(expected)
  })

  it('is nothing to ask for unless it is here', () => {
    for (const local of ['absent', 'staged', 'evicting', 'lost'] as const) expect(isToAsk(entry(local), 'a')).toBe(false)
    expect([isToAsk(undefined, 'a'), isToAsk(entry('present'), 'a')]).toEqual([false, true])
  })
})

describe('the order of those who are asked', () => {
  const places = ['a', 'b', 'c'].map((remoteId) => ({ remoteId }))
  const order = (sources: SourceOrder): string => sources.order(HASH, places).map(({ remoteId }) => remoteId).join('')
  const silent = new BseError('NETWORK', 'test', { status: undefined })
  const missing = new BseError('NOT_FOUND', 'test', { what: 'blob', id: HASH })
  const wrong = new BseError('HASH_MISMATCH', 'test', { expected: HASH, actual: undefined })
  const full = new BseError('STORAGE_FULL', 'test', { neededBytes: 1, availableBytes: 0 })

  it('is that of the configuration, but for those who say to have it', () => {
    expect(order(new SourceOrder(() => false))).toBe('abc')
    expect(order(new SourceOrder((remoteId) => remoteId === 'c'))).toBe('cab')
  })

  // F-83
  it('puts those back that are silent or lie, until they answer again', () => {
    const sources = new SourceOrder((remoteId) => remoteId === 'a')
    sources.failed('a', HASH, missing)
    expect(order(sources)).toBe('bca')
    sources.failed('b', HASH, silent)
    sources.failed('b', HASH, silent)
    expect(order(sources)).toBe('cab')
    sources.answered('b')
    sources.answered('b')
    expect(order(sources)).toBe('bca')
  })

  it('holds nothing against those who never said to have it, nor what is wrong with this device', () => {
    const sources = new SourceOrder(() => false)
    sources.failed('a', HASH, missing)
    sources.failed('a', HASH, full)
    expect(order(sources)).toBe('abc')
  })

  // F-84
  it('asks whoever sent other bytes last for ever', () => {
    const sources = new SourceOrder((remoteId) => remoteId === 'a')
    sources.failed('a', HASH, wrong)
    for (let n = 0; n < 5; n++) sources.answered('a')
    for (let n = 0; n < 50; n++) sources.failed('b', HASH, silent)
    expect(order(sources)).toBe('cba')
  })
})

// F-81
it.each([
  ['https://photos.example', true], ['https://photos.example/', true], ['https://photos.example/blobs', true], ['HTTPS://PHOTOS.example:443/blobs/', true],
  ['http://photos.example', false], ['https://photos.example:8443', false], ['https://photos.example.evil.test', false], ['https://photos.example@evil.test', false],
  ['https://user@photos.example', false], ['https://:secret@photos.example', false], ['https://photos.example/other', false], ['//photos.example', false],
  ['file://photos.example/blobs', false], ['', false], ['https://', false],
])('takes %j for a server of the configuration: %s', (url, expected) => {
  expect(announcedAs(url, 'http:https://photos.example/blobs')).toBe(expected)
})
