import { evictable, hasWork, remoteOf, withClaim, withLocal, withoutClaim, withRemote } from '../../src/ledger/entry.ts'
import { afterAdoption, withAdoption, withAdoptionAnew } from '../../src/ledger/adoption.ts'
import type { RemoteEvent } from '../../src/ledger/remote-transition.ts'
import { newLedgerEntry, type LedgerEntry } from '../../src/model/ledger-entry.ts'
import { blobHashFromHex } from '../../src/wire/blob-hash.ts'

/** One blob, one remote, what rows say, and what is really where. Spec: docs/spec/ledger.md. */
export interface LedgerWorld {
  readonly entry: LedgerEntry
  /** Who names it: nobody, only a queued write of this device, or a row that others have as well. */
  readonly row: 'none' | 'queued' | 'shared'
  /** The server has the bytes. */
  readonly server: boolean
  /** This device has them, right. */
  readonly disk: boolean
  /** The browser took them once, behind everybody's back. */
  readonly taken: boolean
  /** Put by hand, and no server had them since. */
  readonly promised: boolean
}

type Step = (world: LedgerWorld) => LedgerWorld | undefined

const REMOTE = 'r'
const OWNER = 'm1'
const policy = { remoteIds: [REMOTE] }
const begin: LedgerWorld = { entry: newLedgerEntry(blobHashFromHex('0'.repeat(64)), 1, ''), row: 'none', server: false, disk: false, taken: false, promised: false }

export function remoteStateOf({ entry }: LedgerWorld): string {
  return remoteOf(entry, REMOTE).state
}

const isNamed = ({ row }: LedgerWorld): boolean => row !== 'none'
const isClaimed = ({ entry }: LedgerWorld): boolean => entry.claims.length > 0
/** By a write, and not by the device itself. */
const isQueued = ({ entry }: LedgerWorld): boolean => entry.claims.includes(OWNER)
const isIn = (world: LedgerWorld, ...states: readonly string[]): boolean => states.includes(remoteStateOf(world))

/** The remote's side of the record after an event, where that can happen. */
function remote(event: RemoteEvent, when: (world: LedgerWorld) => boolean): Step {
  return (world) => (when(world) ? { ...world, entry: withRemote(world.entry, REMOTE, event, isNamed(world), { epoch: 1, countsAttempt: false }) } : undefined)
}

/** Everything that can happen, as the engine does it; a crash is the absence of the next step. Nobody may have to wait for a person or an audit: those steps are named so. */
const STEPS: Readonly<Record<string, Step>> = {
  'person: stages': (world) => ({ ...world, disk: true, entry: withLocal(world.entry, 'staged', isNamed(world)) }),
  'person: commits': (world) => {
    if (world.entry.local !== 'staged' && world.entry.local !== 'present') return undefined
    const row = world.row === 'none' ? 'queued' : world.row
    return { ...world, row, entry: withClaim(withLocal(world.entry, 'claimCommit', true), OWNER, policy, true) }
  },
  /** Bytes without a row, by hand. */
  'person: puts': (world) => {
    if (world.entry.local !== 'staged' && world.entry.local !== 'present') return undefined
    return { ...world, promised: true, entry: withAdoptionAnew(withLocal(world.entry, 'claimCommit', isNamed(world)), policy, isNamed(world)) }
  },
  'a peer gives them': (world) => {
    if (!isNamed(world) || world.entry.local === 'present') return undefined
    return { ...world, disk: true, entry: withLocal(world.entry, 'fetched', true) }
  },
  /** The server was asked, and lacks them. Nothing may depend on a peer that says so. */
  'audit: adopted': (world) => {
    if (world.entry.local !== 'present' || world.server || !isIn(world, 'unknown', 'absent', 'stored')) return undefined
    return { ...world, entry: withAdoption(withRemote(world.entry, REMOTE, 'statAbsent', isNamed(world)), policy, isNamed(world)) }
  },
  'person: discards': (world) => {
    if (!isQueued(world)) return undefined
    const row = world.row === 'queued' ? 'none' : world.row
    return { ...world, row, entry: withoutClaim(world.entry, OWNER, row !== 'none') }
  },
  'person: tries again': remote('retry', (world) => isIn(world, 'parked')),
  start: (world) => {
    const entry = withLocal(world.entry, 'startUp', isNamed(world))
    return { ...world, disk: world.entry.local === 'staged' ? false : world.disk, entry: withRemote(entry, REMOTE, 'newEpoch', isNamed(world)) }
  },
  'upload begins': remote('start', (world) => isIn(world, 'owed') && world.entry.local === 'present'),
  'bytes arrive': (world) => (isIn(world, 'uploading', 'cancelling') && world.disk ? { ...world, server: true } : undefined),
  ack: (world) => {
    if (!world.server || !isIn(world, 'uploading', 'cancelling', 'owed')) return undefined
    return { ...world, entry: afterAdoption(withRemote(world.entry, REMOTE, 'ack', isNamed(world)), isNamed(world)) }
  },
  'upload fails': remote('failRetryable', (world) => isIn(world, 'uploading')),
  'upload is refused': remote('failFinal', (world) => isIn(world, 'uploading')),
  freed: remote('abandoned', (world) => isIn(world, 'cancelling')),
  'audit: stored': (world) => (world.server ? { ...world, entry: afterAdoption(withRemote(world.entry, REMOTE, 'statStored', isNamed(world)), isNamed(world)) } : undefined),
  'audit: absent': remote('statAbsent', (world) => !world.server && !isIn(world, 'uploading')),
  // The answer to a fetch.
  gone: remote('gone', (world) => !world.server && world.entry.local !== 'present'),
  'push is taken': (world) => {
    if (!isQueued(world) || !isIn(world, 'stored') || !world.server) return undefined
    return { ...world, row: 'shared', entry: withoutClaim(world.entry, OWNER, true) }
  },
  'push needs the bytes': remote('needsBlobs', (world) => isQueued(world) && isIn(world, 'stored') && !world.server),
  'row comes': (world) => (world.server ? { ...world, row: 'shared' } : undefined),
  // A replica's rows may come before their bytes. Not modelled: that they come while a write of ours still claims what the server has collected.
  'row comes early': (world) => (isClaimed(world) ? undefined : { ...world, row: 'shared' }),
  'row goes': (world) => (world.row === 'shared' ? { ...world, row: isQueued(world) ? 'queued' : 'none' } : undefined),
  fetched: (world) => {
    if (!world.server || !isNamed(world) || world.entry.local === 'present') return undefined
    return { ...world, disk: true, entry: afterAdoption(withRemote(withLocal(world.entry, 'fetched', true), REMOTE, 'statStored', true), true) }
  },
  'server collects': (world) => (world.row === 'shared' ? undefined : { ...world, server: false }),
  'eviction begins': (world) => (world.entry.local === 'present' || world.entry.local === 'lost' ? { ...world, entry: withLocal(world.entry, 'evictBegin', isNamed(world)) } : undefined),
  evicted: (world) => (world.entry.local === 'evicting' ? { ...world, disk: false, entry: withLocal(world.entry, 'evictDone', isNamed(world)) } : undefined),
  'browser takes them': (world) => (world.disk && world.entry.local === 'present' && !world.taken ? { ...world, disk: false, taken: true } : undefined),
  'a read finds nothing': (world) => {
    if (world.disk || world.entry.local !== 'present') return undefined
    return { ...world, entry: withRemote(withLocal(world.entry, 'missing', isNamed(world)), REMOTE, 'bytesLost', isNamed(world)) }
  },
}

/** What the engine does as soon as neither a row nor a write names the bytes: a belief about them would grow old. */
function forgotten(world: LedgerWorld): LedgerWorld {
  return isNamed(world) || isClaimed(world) ? world : { ...world, entry: withRemote(world.entry, REMOTE, 'lastClaimDropped', false) }
}

export interface LedgerModel {
  readonly worlds: readonly LedgerWorld[]
  /** What must hold in each of them, with those in which it does not. */
  readonly objections: Readonly<Record<string, readonly LedgerWorld[]>>
}

/** Visits every world that can be reached. `forgets` false: as an engine would be that keeps its beliefs about what nobody names. */
export function exploreLedger({ forgets = true }: { readonly forgets?: boolean } = {}): LedgerModel {
  const seen = new Map<string, LedgerWorld>([[JSON.stringify(begin), begin]])
  const before = new Map<string, string[]>()
  for (const [key, world] of seen) {
    for (const [name, step] of Object.entries(STEPS)) {
      const stepped = step(world)
      if (stepped === undefined) continue
      const kept = stepped.server ? { ...stepped, promised: false } : stepped
      const next = counterless(forgets ? forgotten(kept) : kept)
      const nextKey = JSON.stringify(next)
      if (!seen.has(nextKey)) seen.set(nextKey, next)
      if (!name.startsWith('person') && !name.startsWith('audit')) before.set(nextKey, [...(before.get(nextKey) ?? []), key])
    }
  }
  const worlds = [...seen.values()]
  const ends = new Set([...seen].filter(([, world]) => !isClaimed(world) || isIn(world, 'parked')).map(([key]) => key))
  for (const key of ends) for (const one of before.get(key) ?? []) ends.add(one)
  return { worlds, objections: objectionsTo(worlds, (world) => ends.has(JSON.stringify(world))) }
}

function objectionsTo(worlds: readonly LedgerWorld[], canEnd: (world: LedgerWorld) => boolean): LedgerModel['objections'] {
  const isHere = ({ entry, disk }: LedgerWorld): boolean => disk && entry.local === 'present'
  return {
    'claimed, and nowhere': worlds.filter((world) => isClaimed(world) && !world.taken && !isHere(world) && !world.server),
    'claimed, nowhere, and nobody hears of it': worlds.filter((world) => isClaimed(world) && !world.server && world.entry.local === 'absent' && !isIn(world, 'parked', 'stored', 'unknown')),
    'the last copy may be evicted': worlds.filter((world) => isHere(world) && isNamed(world) && !world.server && evictable(world.entry, true)),
    'put by hand, and may go before a server has them': worlds.filter((world) => world.promised && isHere(world) && evictable(world.entry, isNamed(world))),
    'bytes that nobody needs may not be evicted': worlds.filter((world) => world.entry.local === 'present' && !isNamed(world) && !isClaimed(world) && !evictable(world.entry, false)),
    'bytes that the ledger does not know': worlds.filter(({ entry, disk }) => disk && entry.local === 'absent'),
    'lost, although they are here': worlds.filter(({ entry, disk }) => disk && entry.local === 'lost'),
    'on their way, and not here': worlds.filter((world) => isIn(world, 'owed', 'uploading') && !['present', 'staged'].includes(world.entry.local)),
    'work that a start does not see': worlds.filter((world) => isUnfinished(world) && !hasWork(world.entry)),
    'owed for ever': worlds.filter((world) => !canEnd(world)),
  }
}

function isUnfinished(world: LedgerWorld): boolean {
  return world.entry.local === 'staged' || world.entry.local === 'evicting' || isIn(world, 'owed', 'uploading', 'cancelling', 'parked')
}

/** Counters would make worlds without end. */
function counterless(world: LedgerWorld): LedgerWorld {
  if (world.entry.remotes[REMOTE] === undefined) return world
  const { state, epoch } = remoteOf(world.entry, REMOTE)
  const record = { state, epoch, attempts: 0, failures: 0, nextAtMs: 0, checkpoint: undefined, reason: undefined }
  return { ...world, entry: { ...world.entry, remotes: { [REMOTE]: record } } }
}
