import { describe, expect, it } from 'vitest'
import { AnnouncedSet, isBlobHash, PRESENCE_LIMITS, parseBlobAwareness, SetDigest, type BlobHash } from '../../src/wire/index.ts'

const hashOf = (n: number): BlobHash => `sha256:${n.toString(16).padStart(64, '0')}`
const hashes = (count: number, from = 1): BlobHash[] => Array.from({ length: count }, (_, at) => hashOf((from + at) * 0x1_0000_0001))

function setOf(all: Iterable<BlobHash>): AnnouncedSet {
  const set = new AnnouncedSet()
  for (const hash of all) set.set(hash, true)
  return set
}

describe('an announcement', () => {
  // E-033 E-034
  it('is read as the document has it', () => {
    const blobHashes = hashes(3)
    expect(parseBlobAwareness({ type: 'browser', blobHashes })).toEqual({ type: 'browser', blobHashes })
    const server = { type: 'server', url: 'https://photos.example', blobHashes }
    expect(parseBlobAwareness(server)).toEqual(server)
  })

  // F-82 F-85
  it.each([
    ['nothing', null], ['a text', 'browser'], ['a list', []], ['no list of hashes', { type: 'browser', blobHashes: { length: 0 } }],
    ['another type', { type: 'worker', blobHashes: [] }], ['a server without a URL', { type: 'server', blobHashes: [] }],
    ['a URL without end', { type: 'server', url: 'x'.repeat(2_049), blobHashes: [] }], ['a URL of another kind', { type: 'server', url: {}, blobHashes: [] }],
    ['a hash in capitals', { type: 'browser', blobHashes: [`sha256:${'A'.repeat(64)}`] }], ['a hole', { type: 'browser', blobHashes: Array.from({ length: 2 }) }],
    ['more than it may name', { type: 'browser', blobHashes: hashes(PRESENCE_LIMITS.literalCount + 1) }],
    ['more than the last that came', { type: 'browser', blobHashes: hashes(PRESENCE_LIMITS.recentCount + 1), count: 1_000, root: '0'.repeat(64) }],
    ['a count below its list', { type: 'browser', blobHashes: hashes(2), count: 1, root: '0'.repeat(64) }],
    ['a count that is none', { type: 'browser', blobHashes: [], count: 1e300, root: '0'.repeat(64) }],
    ['a count without a digest', { type: 'browser', blobHashes: [], count: 5 }], ['a digest without a count', { type: 'browser', blobHashes: [], root: '0'.repeat(64) }],
    ['what it inherits', Object.create({ type: 'browser', blobHashes: [] })], ['keys of a prototype', JSON.parse('{ "__proto__": { "type": "browser", "blobHashes": [] } }')],
  ])('is not read when it is %s', (_, value: unknown) => {
    expect(parseBlobAwareness(value)).toBeUndefined()
  })

  // F-85
  it('is copied without what nobody asked for', () => {
    const hostile: unknown = JSON.parse('{ "type": "browser", "blobHashes": [], "__proto__": { "polluted": true }, "constructor": 1, "url": "http://10.0.0.1" }')
    expect(Object.entries(parseBlobAwareness(hostile) ?? {})).toEqual([['type', 'browser'], ['blobHashes', []]])
    expect(({} as { readonly polluted?: unknown }).polluted).toBeUndefined()
  })

  // F-82
  it('of a million hashes costs one look at their number', () => {
    let looks = 0
    const many = new Proxy(Array.from<unknown>({ length: 1_000_000 }), {
      get: (target, key, receiver) => {
        looks += 1
        return Reflect.get(target, key, receiver) as unknown
      },
    })
    expect(parseBlobAwareness({ type: 'browser', blobHashes: many })).toBeUndefined()
    expect(looks).toBeLessThan(10)
  })
})

describe('a set that is announced', () => {
  // E-036
  it('names all up to the cap, and of a larger one a digest and the last that came, at one size', () => {
    const most = setOf(hashes(PRESENCE_LIMITS.literalCount))
    expect(most.announcement()).toEqual({ blobHashes: hashes(PRESENCE_LIMITS.literalCount) })
    const ten = setOf(hashes(10_000)).announcement()
    const hundred = setOf(hashes(100_000)).announcement()
    expect(hundred.blobHashes).toEqual(hashes(100, 99_901))
    expect(hundred.count).toBe(100_000)
    expect(parseBlobAwareness({ type: 'browser', ...hundred })).toEqual({ type: 'browser', ...hundred })
    expect(JSON.stringify(hundred).length / JSON.stringify(ten).length).toBeLessThan(1.01)
    expect(JSON.stringify(hundred).length).toBeLessThan(8_000)
  })

  it('has a digest of what is in it, in whatever order it came and went', () => {
    const [a, b, c] = [hashOf(0xabc), hashOf(0xdef), hashOf(7)]
    const set = setOf([a, b, c])
    expect(set.set(b, true)).toBe(false)
    expect(set.set(b, false)).toBe(true)
    expect(set.digest.toHex()).toBe(SetDigest.of([c, a]).toHex())
    expect(set.digest.toHex([b])).toBe(SetDigest.of([b, a, c]).toHex())
    expect(set.digest.toHex()).toBe(SetDigest.of([a, c]).toHex())
    expect(SetDigest.of([]).toHex()).toBe('0'.repeat(64))
    expect(SetDigest.of([a]).toHex()).toBe(a.slice('sha256:'.length))
    expect(isBlobHash(`sha256:${set.digest.toHex()}`)).toBe(true)
  })
})
