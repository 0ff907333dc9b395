import { describe, expect, it } from 'vitest'
import { evictable, hasWork, remoteOf, withClaim, withLocal, withoutClaim, withRemote } from '../../src/ledger/entry.ts'
import { LOCAL_TABLE } from '../../src/ledger/local-transition.ts'
import { REMOTE_TABLE, type RemoteEvent } from '../../src/ledger/remote-transition.ts'
import { newLedgerEntry, type LedgerEntry } from '../../src/model/ledger-entry.ts'
import { blobHashFromHex } from '../../src/wire/index.ts'

/** One blob, one remote, what the rows say, and what the server really has. */
interface World {
  readonly entry: LedgerEntry
  readonly referenced: boolean
  readonly server: boolean
}

const REMOTE = 'r'
const policy = { remoteIds: [REMOTE] }
const begin: World = { entry: newLedgerEntry(blobHashFromHex('0'.repeat(64)), 1, ''), referenced: false, server: false }

type Step = (world: World) => World | undefined

const remote = (event: RemoteEvent, when: (world: World) => boolean, server?: boolean): Step => (world) =>
  when(world) ? { ...world, entry: withRemote(world.entry, REMOTE, event, world.referenced, { epoch: 1, countsAttempt: false }), server: server ?? world.server } : undefined
const state = ({ entry }: World): string => remoteOf(entry, REMOTE).state
const isIn = (...states: readonly string[]) => (world: World): boolean => states.includes(state(world))

/** Everything that can happen, as the engine does it: a crash is the absence of the next step. */
const steps: Readonly<Record<string, Step>> = {
  stage: (world) => ({ ...world, entry: withLocal(world.entry, 'staged', world.referenced) }),
  commit: (world) => {
    if (world.entry.local !== 'staged' && world.entry.local !== 'present') return undefined
    return { ...world, referenced: true, entry: withClaim(withLocal(world.entry, 'claimCommit', true), 'm1', policy, true) }
  },
  startUp: (world) => {
    const entry = withLocal(world.entry, 'startUp', world.referenced)
    return { ...world, entry: withRemote(entry, REMOTE, 'newEpoch', world.referenced) }
  },
  start: remote('start', (world) => state(world) === 'owed' && world.entry.local === 'present'),
  arrives: (world) => (isIn('uploading', 'cancelling')(world) ? { ...world, server: true } : undefined),
  ack: remote('ack', (world) => world.server && isIn('uploading', 'cancelling', 'owed')(world)),
  fails: remote('failRetryable', isIn('uploading')),
  parks: remote('failFinal', isIn('uploading')),
  retry: remote('retry', isIn('parked')),
  abandoned: remote('abandoned', isIn('cancelling')),
  // The server takes a row only when it has the bytes; otherwise it says which it needs.
  synced: (world) => (state(world) === 'stored' && world.server ? { ...world, entry: withoutClaim(world.entry, 'm1', world.referenced) } : undefined),
  needsBlobs: remote('needsBlobs', (world) => state(world) === 'stored' && !world.server && world.entry.claims.length > 0),
  discard: (world) => ({ ...world, referenced: false, entry: withoutClaim(world.entry, 'm1', false) }),
  rowDeleted: (world) => (world.entry.claims.length === 0 ? forgetIfStale({ ...world, referenced: false }) : undefined),
  rowArrives: (world) => (world.server ? { ...world, referenced: true } : undefined),
  fetch: (world) => {
    if (!world.server || world.entry.local === 'present') return undefined
    return { ...world, entry: withRemote(withLocal(world.entry, 'fetched', world.referenced), REMOTE, 'statStored', world.referenced) }
  },
  collect: (world) => (!world.referenced && world.entry.claims.length === 0 ? { ...world, server: false } : undefined),
  evict: (world) => (world.entry.local === 'present' ? { ...world, entry: withLocal(world.entry, 'evictBegin', world.referenced) } : undefined),
  evicted: (world) => (world.entry.local === 'evicting' ? { ...world, entry: withLocal(world.entry, 'evictDone', world.referenced) } : undefined),
}

/** What the engine does for every remote of a blob whose last row went: the belief may not grow old. */
function forgetIfStale(world: World): World {
  return { ...world, entry: withRemote(world.entry, REMOTE, 'lastClaimDropped', false) }
}

function reachable(): readonly World[] {
  const seen = new Map<string, World>([[JSON.stringify(begin), begin]])
  for (const world of seen.values()) {
    for (const step of Object.values(steps)) {
      const next = step(world)
      if (next !== undefined) {
        const capped = { ...next, entry: { ...next.entry, remotes: { [REMOTE]: { ...remoteOf(next.entry, REMOTE), attempts: 0, failures: 0 } } } }
        const key = JSON.stringify(capped)
        if (!seen.has(key)) seen.set(key, capped)
      }
    }
  }
  return [...seen.values()]
}

describe('every state that the ledger can reach', () => {
  const worlds = reachable()

  it('covers each state of both tables that one remote can have', () => {
    expect(new Set(worlds.map(({ entry }) => entry.local))).toEqual(new Set(Object.keys(LOCAL_TABLE).filter((one) => one !== 'lost')))
    expect([...new Set(worlds.map(state))].sort()).toEqual(Object.keys(REMOTE_TABLE).filter((one) => one !== 'absent' && one !== 'gone').sort())
  })

  //
  it('has the bytes of every claimed blob on this device or at the server', () => {
    for (const { entry, server } of worlds.filter((world) => world.entry.claims.length > 0)) {
      expect(entry.local === 'present' || server, JSON.stringify(entry)).toBe(true)
    }
  })

  it('evicts nothing that a row names and no server has', () => {
    for (const world of worlds.filter(({ entry, referenced }) => entry.local === 'present' && evictable(entry, referenced))) {
      if (world.referenced) expect(world.server, JSON.stringify(world)).toBe(true)
    }
  })

  it('marks all that a start has to look at', () => {
    for (const { entry } of worlds) {
      const unfinished = entry.local === 'staged' || entry.local === 'evicting' || ['owed', 'uploading', 'cancelling', 'parked'].includes(remoteOf(entry, REMOTE).state)
      if (unfinished) expect(hasWork(entry), JSON.stringify(entry)).toBe(true)
    }
  })
})
