import { describe, expect, it } from 'vitest'
import { LOCAL_TABLE, nextLocal, type LocalEvent } from '../../src/ledger/local-transition.ts'
import { nextRemote, REMOTE_TABLE, type RemoteEvent } from '../../src/ledger/remote-transition.ts'
import type { LocalState, RemoteState } from '../../src/model/ledger-entry.ts'

const locals = Object.keys(LOCAL_TABLE) as LocalState[]
const remotes = Object.keys(REMOTE_TABLE) as RemoteState[]
const localEvents = Object.keys(LOCAL_TABLE.absent) as LocalEvent[]
const remoteEvents = Object.keys(REMOTE_TABLE.unknown) as RemoteEvent[]
const booleans = [true, false]

describe('the local table', () => {
  it('answers every event in every state with a state, or calls it a bug', () => {
    for (const state of locals) {
      expect(Object.keys(LOCAL_TABLE[state]).sort()).toEqual([...localEvents].sort())
      for (const event of localEvents) {
        for (const evictable of booleans) {
          for (const storedSomewhere of booleans) {
            const isBug = LOCAL_TABLE[state][event] === 'bug'
            const next = (): LocalState => nextLocal(state, event, { evictable, storedSomewhere })
            if (isBug) expect(next, `${event} while ${state}`).toThrow(`${event} while ${state}`)
            else expect(locals).toContain(next())
          }
        }
      }
    }
  })

  // X-007 F-8
  it('begins an eviction only where bytes are owed to nobody', () => {
    for (const state of locals.filter((one) => one !== 'evicting')) {
      expect(nextLocal(state, 'evictBegin', { evictable: false, storedSomewhere: true })).toBe(state)
    }
    expect(nextLocal('present', 'evictBegin', { evictable: true, storedSomewhere: true })).toBe('evicting')
  })

  // F-8 F-20
  it('says lost, not absent, of vanished bytes that nobody else has', () => {
    expect(nextLocal('present', 'missing', { evictable: false, storedSomewhere: false })).toBe('lost')
    expect(nextLocal('present', 'missing', { evictable: false, storedSomewhere: true })).toBe('absent')
  })
})

describe('lost bytes', () => {
  it('are given up when nothing names them any more, and not before', () => {
    expect(nextLocal('lost', 'evictBegin', { evictable: true, storedSomewhere: false })).toBe('evicting')
    expect(nextLocal('lost', 'evictBegin', { evictable: false, storedSomewhere: false })).toBe('lost')
  })
})

describe('the remote table', () => {
  // F-8
  it('parks what the remote has given up when a write needs it and it is not here', () => {
    const facts = { present: false, claimed: true, referenced: true }
    expect([nextRemote('stored', 'gone', facts), nextRemote('stored', 'statAbsent', facts)]).toEqual(['parked', 'parked'])
    expect(nextRemote('stored', 'gone', { ...facts, claimed: false })).toBe('gone')
    expect(nextRemote('stored', 'gone', { ...facts, present: true })).toBe('owed')
  })

  it('owes a parked blob again only when its bytes are here', () => {
    const facts = { claimed: true, referenced: true }
    expect(nextRemote('parked', 'retry', { ...facts, present: true })).toBe('owed')
    expect(nextRemote('parked', 'retry', { ...facts, present: false })).toBe('parked')
  })

  it('answers every event in every state with a state, or calls it a bug', () => {
    for (const state of remotes) {
      expect(Object.keys(REMOTE_TABLE[state]).sort()).toEqual([...remoteEvents].sort())
      for (const event of remoteEvents) {
        for (const present of booleans) {
          for (const claimed of booleans) {
            for (const referenced of booleans) {
              const next = (): RemoteState => nextRemote(state, event, { present, claimed, referenced })
              if (REMOTE_TABLE[state][event] === 'bug') expect(next).toThrow(`${event} while ${state}`)
              else expect(remotes).toContain(next())
            }
          }
        }
      }
    }
  })

  it('takes a late acknowledgement in every state for what it is', () => {
    for (const state of remotes) expect(nextRemote(state, 'ack', { present: true, claimed: false, referenced: false })).toBe('stored')
  })

  it('forgets a stored blob when the last claim and the last row go', () => {
    expect(nextRemote('stored', 'lastClaimDropped', { present: true, claimed: false, referenced: false })).toBe('unknown')
    expect(nextRemote('stored', 'lastClaimDropped', { present: true, claimed: false, referenced: true })).toBe('stored')
  })

  it('owes bytes again that the remote no longer has, while somebody names them', () => {
    expect(nextRemote('stored', 'statAbsent', { present: true, claimed: false, referenced: true })).toBe('owed')
    expect(nextRemote('stored', 'needsBlobs', { present: true, claimed: true, referenced: true })).toBe('owed')
    expect(nextRemote('stored', 'needsBlobs', { present: false, claimed: true, referenced: true })).toBe('parked')
  })
})
