import { describe, expect, it } from 'vitest'
import { MUTATION_LIMITS, isMutationId, mutationTimeMs, parseMutationAnswer, parseMutationRequest } from '../../src/wire/index.ts'

const id = '018f3a5c-7c1e-7d43-9d5b-6f5f5d3f0a01'
const otherId = '018f3a5c-7c1e-7d43-9d5b-6f5f5d3f0a02'
const op = { kind: 'update', table: 'photos', rowId: 'a', values: { title: 'x' }, previous: { title: null } }
const hash = `sha256:${'0'.repeat(64)}`

describe('a request with mutations', () => {
  it('reads back as it was', () => {
    const mutation = { id, ops: [op, { ...op, kind: 'delete', values: {}, previous: null }] }
    expect(parseMutationRequest({ mutations: [mutation] })).toEqual([{ id, mutation }])
  })

  it('keeps the neighbours of a mutation whose ops cannot be read', () => {
    const received = parseMutationRequest({ mutations: [{ id, ops: [{ ...op, kind: 'merge' }] }, { id: otherId, ops: [op] }] })
    expect(received).toEqual([{ id, mutation: undefined }, { id: otherId, mutation: { id: otherId, ops: [op] } }])
  })

  it.each([
    ['no ops', []], ['an op that is null', [null]], ['no table', [{ ...op, table: '' }]], ['a number for a row id', [{ ...op, rowId: 7 }]],
    ['a row id without an end', [{ ...op, rowId: 'x'.repeat(256) }]], ['a list of values', [{ ...op, values: [] }]], ['no previous', [{ ...op, previous: undefined }]],
  ])('has nothing but the id of a mutation with %s', (_, ops) => {
    expect(parseMutationRequest({ mutations: [{ id, ops }] })).toEqual([{ id, mutation: undefined }])
  })

  it.each([
    ['nothing', null], ['a list', []], ['no mutations', {}], ['a mutation without an id', { mutations: [{ ops: [op] }] }],
    ['an id of another version', { mutations: [{ id: '018f3a5c-7c1e-4d43-9d5b-6f5f5d3f0a01', ops: [op] }] }],
    ['an id in upper case', { mutations: [{ id: id.toUpperCase(), ops: [op] }] }],
    ['one mutation too many', { mutations: Array.from({ length: MUTATION_LIMITS.maxCount + 1 }, () => ({ id, ops: [op] })) }],
  ])('is none with %s', (_, value) => {
    expect(parseMutationRequest(value)).toBeUndefined()
  })
})

describe('an answer to mutations', () => {
  it('reads back as it was', () => {
    const results = [
      { id, is: 'applied', txid: 871, lsn: '26843584' }, { id, is: 'conflict', at: 0, current: { title: 'y' } }, { id, is: 'conflict', at: 1, current: null },
      { id, is: 'needs-blobs', hashes: [hash] }, { id, is: 'rejected', code: 'EXPIRED' }, { id, is: 'retry' }, { id, is: 'retry', afterMs: 100 },
    ]
    expect(parseMutationAnswer({ results }, results.map(() => id))).toEqual(results)
  })

  it.each([
    ['a page of a hotel', '<html>'], ['too few results', { results: [] }], ['the result of another', { results: [{ id: otherId, is: 'retry' }] }],
    ['an unknown outcome', { results: [{ id, is: 'fine' }] }], ['an applied without a place', { results: [{ id, is: 'applied', txid: 1 }] }],
    ['a txid beyond 32 bits', { results: [{ id, is: 'applied', txid: 2 ** 32, lsn: '1' }] }], ['a place that is no number', { results: [{ id, is: 'applied', txid: 1, lsn: '0/16B3748' }] }],
    ['a conflict without its row', { results: [{ id, is: 'conflict', at: 0 }] }], ['hashes that are none', { results: [{ id, is: 'needs-blobs', hashes: ['x'] }] }],
    ['a rejection without a reason', { results: [{ id, is: 'rejected' }] }], ['a wait before now', { results: [{ id, is: 'retry', afterMs: -1 }] }],
  ])('is none with %s', (_, value) => {
    expect(parseMutationAnswer(value, [id])).toBeUndefined()
  })
})

it('the id of a mutation tells when it was made', () => {
  expect(mutationTimeMs('018f3a5c-7c1e-7d43-9d5b-6f5f5d3f0a01')).toBe(0x018f3a5c7c1e)
  expect(isMutationId(id)).toBe(true)
})
