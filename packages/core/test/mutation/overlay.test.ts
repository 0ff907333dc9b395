import { describe, expect, it } from 'vitest'
import type { MutationRecord } from '../../src/model/mutation.ts'
import { Overlay } from '../../src/mutation/overlay.ts'
import { blobHashFromHex, type MutationOp } from '../../src/wire/index.ts'

const hash = blobHashFromHex('a'.repeat(64))

function record(seq: number, op: Pick<MutationOp, 'kind' | 'values'>): MutationRecord {
  const ops: MutationOp[] = [{ ...op, table: 'photos', rowId: 'a', previous: null }]
  return { v: 1, id: `m${seq}`, seq, revision: 0, ops, state: { is: 'queued' }, attempts: 0, sent: false, failures: 0, nextAtMs: 0, createdAtMs: 0 }
}

describe('the overlay', () => {
  it('counts the queued writes that name a blob, also of a row that is deleted again', () => {
    const overlay = new Overlay()
    const insert = record(1, { kind: 'insert', values: { image: { hash, sizeBytes: 1, type: '' } } })
    overlay.setRecord(1, insert)
    overlay.setRecord(2, record(2, { kind: 'delete', values: {} }))
    expect(overlay.naming(hash)).toBe(1)
    overlay.setRecord(1, { ...insert, revision: 1 })
    expect(overlay.naming(hash)).toBe(1)
    overlay.setRecord(1, undefined)
    expect(overlay.naming(hash)).toBe(0)
  })
})
