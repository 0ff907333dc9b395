import { describe, expect, it } from 'vitest'
import type { MutationRecord, MutationState } from '../../src/model/mutation.ts'
import { mergeable, mergeOps } from '../../src/mutation/merge.ts'
import { planPushes, waitingOf, type OrderFacts } from '../../src/mutation/order.ts'
import { Overlay } from '../../src/mutation/overlay.ts'
import { settle } from '../../src/mutation/settle.ts'
import { MUTATION_TABLE, mutationCell, type MutationEvent } from '../../src/mutation/transition.ts'
import { blobHashFromHex, type MutationOp } from '../../src/wire/index.ts'

const hash = blobHashFromHex('a'.repeat(64))
const ready: OrderFacts = { blobReady: () => true, refColumns: (table) => (table === 'photos' ? [{ column: 'albumId', table: 'albums' }] : []) }

function op(kind: MutationOp['kind'], rowId: string, values: MutationOp['values'] = {}, table = 'photos'): MutationOp {
  return { kind, table, rowId, values, previous: kind === 'insert' ? null : {} }
}

let seq = 0
function record(ops: readonly MutationOp[], state: MutationState = { is: 'queued' }, extra: Partial<MutationRecord> = {}): MutationRecord {
  seq += 1
  return { v: 1, id: `m${seq}`, seq, revision: 0, ops, state, attempts: 0, sent: false, failures: 0, nextAtMs: 0, createdAtMs: 0, ...extra }
}

const readyIds = (queue: readonly MutationRecord[], facts: OrderFacts = ready): readonly string[] =>
  planPushes(queue, facts, 1_000, 100).ready.map(({ id }) => id)

describe('the order of the queue', () => {
  // R-179 F-56
  it('holds back a later write of the same row and columns', () => {
    const [insert, update] = [record([op('insert', 'a', { title: 'x' })]), record([op('update', 'a', { title: 'y' })])]
    expect(readyIds([insert, update])).toEqual([insert.id])
    expect(waitingOf([insert, update], ready).get(update.id)?.forMutations).toEqual([insert.id])
  })

  it('lets updates of disjoint columns go side by side', () => {
    const [a, b] = [record([op('update', 'a', { title: 'x' })]), record([op('update', 'a', { caption: 'y' })])]
    expect(readyIds([a, b])).toEqual([a.id, b.id])
  })

  it('never lets a large upload hold back a text edit of another row', () => {
    const video = record([op('insert', 'v', { image: { hash, sizeBytes: 2e9, type: 'video/mp4' } })])
    const text = record([op('update', 'b', { title: 'y' })])
    const facts = { ...ready, blobReady: () => false }
    expect(readyIds([video, text], facts)).toEqual([text.id])
    expect(waitingOf([video, text], facts).get(video.id)?.forBlobs).toEqual([hash])
  })

  it('sends a row after the row that it refers to', () => {
    const album = record([op('insert', 'al', {}, 'albums')])
    const photo = record([op('insert', 'ph', { albumId: 'al' })])
    expect(readyIds([album, photo])).toEqual([album.id])
    expect(readyIds([{ ...album, state: { is: 'applied', token: null } }, photo])).toEqual([photo.id])
  })

  it('sends a batch whose rows refer to each other, and what refers to them after it', () => {
    const batch = record([op('insert', 'ph', { albumId: 'al' }), op('insert', 'al', {}, 'albums')])
    const photo = record([op('insert', 'other', { albumId: 'al' })])
    expect(readyIds([batch, photo])).toEqual([batch.id])
    expect(waitingOf([batch, photo], ready).get(photo.id)?.forMutations).toEqual([batch.id])
  })

  it('holds back a batch while one of its rows waits', () => {
    const first = record([op('update', 'b', { title: 'x' })], { is: 'pushing', epoch: 1 })
    const batch = record([op('insert', 'a'), op('update', 'b', { title: 'y' })])
    expect(waitingOf([first, batch], ready).get(batch.id)?.forMutations).toEqual([first.id])
  })

  // F-45
  it('lets a parked write hold back only what depends on it', () => {
    const parked = record([op('insert', 'a')], { is: 'parked', reason: { code: 'REJECTED', message: '' }, overlay: true })
    const [dependent, other] = [record([op('update', 'a', { title: 'y' })]), record([op('insert', 'b')])]
    expect(readyIds([parked, dependent, other])).toEqual([other.id])
  })

  it('waits until a write is due', () => {
    const later = record([op('insert', 'a')], { is: 'queued' }, { nextAtMs: 5_000 })
    expect(planPushes([later], ready, 1_000, 10)).toEqual({ ready: [], nextInMs: 4_000 })
    expect(readyIds([{ ...later, nextAtMs: 1_000 }])).toEqual([later.id])
  })
})

describe('merging', () => {
  it('makes one insert of an insert and its edit', () => {
    const merged = mergeOps(op('insert', 'a', { title: 'x', n: 1 }), op('update', 'a', { title: 'y' }))
    expect(merged).toEqual({ is: 'merged', op: op('insert', 'a', { title: 'y', n: 1 }) })
  })

  it('keeps the values that the person saw before the first of two edits', () => {
    const first = { ...op('update', 'a', { title: 'y' }), previous: { title: 'x' } }
    const second = { ...op('update', 'a', { title: 'z', n: 2 }), previous: { title: 'y', n: 1 } }
    expect(mergeOps(first, second)).toEqual({ is: 'merged', op: { ...first, values: { title: 'z', n: 2 }, previous: { title: 'x', n: 1 } } })
  })

  it('leaves nothing of an insert that is deleted before anybody saw it', () => {
    expect(mergeOps(op('insert', 'a'), op('delete', 'a'))).toEqual({ is: 'nothing-left' })
    expect(mergeOps(op('update', 'a', { title: 'y' }), op('delete', 'a')).is).toBe('merged')
    expect(mergeOps(op('delete', 'a'), op('insert', 'a')).is).toBe('apart')
    expect(mergeOps(op('update', 'a', { title: 'y' }), op('upsert', 'a', { title: 'z' })).is).toBe('apart')
  })

  it('keeps an upsert apart from an update before it, whose row may have been taken back', () => {
    expect(mergeOps(op('update', 'a', { title: 'y' }), op('upsert', 'a', { title: 'z' }))).toEqual({ is: 'apart' })
    expect(mergeOps(op('insert', 'a', { title: 'x' }), op('upsert', 'a', { title: 'z' })).is).toBe('merged')
  })

  it('never touches a write that was ever on its way', () => {
    expect(mergeable(record([op('insert', 'a')]))).toBe(true)
    expect(mergeable(record([op('insert', 'a')], { is: 'queued' }, { sent: true }))).toBe(false)
    expect(mergeable(record([op('insert', 'a')], { is: 'queued' }, { attempts: 1 }))).toBe(false)
    expect(mergeable(record([op('insert', 'a')], { is: 'pushing', epoch: 1 }))).toBe(false)
  })
})

describe('the mutation table', () => {
  const states = Object.keys(MUTATION_TABLE) as MutationState['is'][]
  const events = Object.keys(MUTATION_TABLE.queued) as MutationEvent[]
  const samples: Readonly<Record<MutationState['is'], MutationState>> = {
    queued: { is: 'queued' }, pushing: { is: 'pushing', epoch: 1 }, discarding: { is: 'discarding', epoch: 1 }, applied: { is: 'applied', token: 1 },
    handed: { is: 'handed', token: 1, overlay: true }, conflict: { is: 'conflict', current: null, at: 0 },
    parked: { is: 'parked', reason: { code: 'X', message: '' }, overlay: true },
  }

  it('answers every event in every state, or calls it a bug', () => {
    for (const state of states) {
      for (const event of events) {
        const run = (): unknown => settle(record([op('insert', 'a')], samples[state]), event, { acknowledges: 'server', epoch: 2 })
        if (MUTATION_TABLE[state][event] === 'bug') expect(run, `${event} while ${state}`).toThrow(`${event} while ${state}`)
        else expect(run).not.toThrow()
      }
    }
  })

  it('gives up a record only when the rows contain it, a server has it, or the person took it back', () => {
    for (const state of states) {
      for (const event of events.filter((one) => MUTATION_TABLE[state][one] !== 'bug')) {
        const { record: after, discarded } = settle(record([op('insert', 'a')], samples[state]), event, { acknowledges: 'server' })
        if (after !== undefined) continue
        if (discarded) expect(['userDiscard', 'rejected', 'conflict', 'retry']).toContain(event)
        else expect(['contained', 'confirmed']).toContain(event)
      }
    }
  })

  it('keeps a write of a replica until a server has confirmed it', () => {
    const handed = settle(record([op('insert', 'a')], samples.pushing), 'contained', { acknowledges: 'replica' }).record
    expect(handed?.state).toEqual({ is: 'handed', token: null, overlay: false })
    expect(mutationCell('handed', 'confirmed')).toBe('gone')
  })

  it('ends a conflict when the rows contain the write after all', () => {
    // The push of a leader that slept may arrive after the one that met the conflict.
    expect(settle(record([op('update', 'a')], samples.conflict), 'contained', { acknowledges: 'server' })).toMatchObject({ record: undefined, discarded: false })
  })

  it('refuses to discard what the server has', () => {
    expect(settle(record([op('insert', 'a')], samples.applied), 'userDiscard', { acknowledges: 'server' }).refused).toBe(true)
    expect(settle(record([op('insert', 'a')], samples.queued), 'userDiscard', { acknowledges: 'server' })).toMatchObject({ record: undefined, discarded: true })
  })
})

describe('the overlay', () => {
  it('counts the queued writes that name a blob, also those that another lies over', () => {
    const overlay = new Overlay()
    const named = record([op('update', 'a', { image: { hash, sizeBytes: 1, type: '' } })])
    overlay.setRecord(named.seq, named)
    overlay.setRecord(named.seq, { ...named, revision: 1 })
    const over = record([op('update', 'a', { image: null })])
    overlay.setRecord(over.seq, over)
    expect(overlay.naming(hash)).toBe(1)
    overlay.setRecord(named.seq, undefined)
    expect(overlay.naming(hash)).toBe(0)
  })
})
