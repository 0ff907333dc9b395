// G6: queuing writes. G7: opening with much on the device.
import { newLedgerEntry } from '../../packages/core/src/model/ledger-entry.ts'
import { idbState } from '../../packages/core/src/state/idb-state.ts'
import { ledgerKey, MUTATION_SEQ_KEY, mutationKey } from '../../packages/core/src/state/keys.ts'
import { blobHashFromHex } from '../../packages/core/src/wire/index.ts'
import type { StateOp } from '../../packages/core/src/provider/index.ts'
import type { Group } from '../lib/measure.ts'
import { timed } from './bytes.ts'
import { openEngine, withEngine } from './engine.ts'
import { destroy, openDatabase, putAll } from './raw.ts'

const OURS = 'this engine'
const ONE_EACH = 'raw IndexedDB, a transaction each'
const TOGETHER = 'raw IndexedDB, one transaction'
const SINGLE = 'queue a write, and wait for it'
const BURST = 'queue writes in one go'
const CACHED = 'open with cached blobs'
const QUEUED = 'open with queued writes'
const OPS_AN_UPDATE = 2_000

const many = (quick: boolean): number => (quick ? 10_000 : 100_000)
const writes = (group: string, quick: boolean): number => (group === SINGLE ? (quick ? 30 : 100) : quick ? 300 : 1_000)

/** As large as what the engine keeps of a small write. */
function records(n: number): readonly (readonly [string, unknown])[] {
  const op = { kind: 'insert', table: 'photos', rowId: crypto.randomUUID(), values: { title: `photo ${n}` }, previous: null }
  return [['meta/mutation-seq', n], [`mut/${n}`, { v: 1, id: crypto.randomUUID(), seq: n, revision: 0, ops: [op], state: { is: 'queued' }, attempts: 0, sent: false, failures: 0, nextAtMs: 0, createdAtMs: n }]]
}

async function queueOurs(count: number, oneByOne: boolean): Promise<number> {
  return withEngine((sync) => timed(async () => {
    const add = (n: number): Promise<unknown> => sync.photos.insert({ title: `photo ${n}` })
    if (oneByOne) for (let n = 0; n < count; n += 1) await add(n)
    else await Promise.all(Array.from({ length: count }, (_, n) => add(n)))
  }))
}

async function queueRaw(count: number, oneByOne: boolean): Promise<number> {
  const db = await openDatabase(`raw-${crypto.randomUUID()}`)
  const all = Array.from({ length: count }, (_, n) => records(n))
  const ms = await timed(async () => {
    if (oneByOne) for (const each of all) await putAll(db, each)
    else await putAll(db, all.flat())
  })
  await destroy(db)
  return ms
}

const filled = new Set<string>()

/** Once for each name: a device that has so much already. */
async function fill(name: string, ops: (n: number) => readonly StateOp[], count: number): Promise<void> {
  if (filled.has(name)) return
  filled.add(name)
  const state = idbState()(name)
  for (let at = 0; at < count; at += OPS_AN_UPDATE) {
    const some = Array.from({ length: Math.min(OPS_AN_UPDATE, count - at) }, (_, n) => ops(at + n)).flat()
    await state.update([], () => ({ ops: some, result: undefined }), { durability: 'relaxed' })
  }
  await state.close()
}

function cachedBlob(n: number): readonly StateOp[] {
  const hash = blobHashFromHex(n.toString(16).padStart(64, '0'))
  const stored = { state: 'stored', epoch: 0, attempts: 0, failures: 0, nextAtMs: 0, checkpoint: undefined, reason: undefined } as const
  return [{ put: ledgerKey(hash), value: { ...newLedgerEntry(hash, 100_000, 'image/jpeg'), local: 'present', remotes: { 'fake:blobs': stored } } }]
}

function queuedWrite(n: number): readonly StateOp[] {
  const value = records(n + 1)[1]?.[1]
  return [{ put: MUTATION_SEQ_KEY, value: n + 1 }, { put: mutationKey(n + 1), value }]
}

async function opened(name: string): Promise<number> {
  const sync = openEngine(name)
  const ms = await timed(() => sync.ready)
  await sync.close()
  return ms
}

/** What cannot be avoided: the same records in pages of a thousand. */
async function readInChunks(name: string): Promise<number> {
  const state = idbState()(name)
  const ms = await timed(async () => {
    for await (const page of state.read({ from: 'mut/', to: 'mut0' }, { pageSize: 1_000 })) if (page.length === 0) return
  })
  await state.close()
  return ms
}

export const bench = {
  groups: (quick: boolean): readonly Group[] => [
    { name: SINGLE, amount: writes(SINGLE, quick), unit: 'writes', contenders: [OURS, ONE_EACH], goals: [{ id: 'G6', of: OURS, against: [ONE_EACH], atMost: 1.2 }] },
    {
      name: BURST, amount: writes(BURST, quick), unit: 'writes', contenders: [OURS, TOGETHER, ONE_EACH],
      goals: [{ id: 'G6', of: OURS, against: [TOGETHER], atLeast: 0.7 }, { id: 'G6', of: OURS, against: [ONE_EACH], atLeast: 5 }],
    },
    { name: CACHED, contenders: [`${many(quick)} blobs`, '1000 blobs'], goals: [{ id: 'G7', of: `${many(quick)} blobs`, against: ['1000 blobs'], atMost: 1 }] },
    { name: QUEUED, contenders: [`${many(quick)} writes`, 'the same records, read in chunks'], goals: [{ id: 'G7', of: `${many(quick)} writes`, against: ['the same records, read in chunks'], atMost: 1.5 }] },
  ],
  run: async (group: string, contender: string, quick: boolean): Promise<number> => {
    if (group === SINGLE || group === BURST) {
      const count = writes(group, quick)
      return contender === OURS ? queueOurs(count, group === SINGLE) : queueRaw(count, contender === ONE_EACH)
    }
    if (group === CACHED) {
      const count = Number.parseInt(contender, 10)
      await fill(`cached-${count}`, cachedBlob, count)
      return opened(`cached-${count}`)
    }
    await fill('queued', queuedWrite, many(quick))
    return contender.startsWith('the same') ? readInChunks('queued') : opened('queued')
  },
}

Object.assign(globalThis, { bench })
