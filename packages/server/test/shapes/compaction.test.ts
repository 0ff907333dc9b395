import { describe, expect, it } from 'vitest'
import { compacted } from '../../src/shapes/compaction.ts'
import type { LogEntry } from '../../src/shapes/shape-log.ts'
import { seeded } from './support/history.ts'

type Row = Readonly<Record<string, string>>

function entry(lsn: number, operation: string, key: string, value: Row, endsChunk = false): LogEntry {
  return { lsn: BigInt(lsn), position: 0, endsChunk, message: JSON.stringify({ key, value, headers: { operation, txids: [lsn], last: true } }) }
}

/** What a client has that read the entries after `from` on top of what it had. */
function applied(rows: ReadonlyMap<string, Row>, entries: readonly LogEntry[]): ReadonlyMap<string, Row> {
  const result = new Map(rows)
  for (const { message } of entries) {
    const { headers, key, value } = JSON.parse(message) as { key: string; value: Row; headers: { operation: string } }
    if (headers.operation === 'delete') result.delete(key)
    else result.set(key, { ...result.get(key), ...value })
  }
  return result
}

function randomLog(seed: number): readonly LogEntry[] {
  const random = seeded(seed)
  const there = new Set<string>()
  return Array.from({ length: 60 }, (_, index) => {
    const key = `k${random(5)}`
    const operation = !there.has(key) ? 'insert' : random(4) === 0 ? 'delete' : 'update'
    if (operation === 'delete') there.delete(key)
    else there.add(key)
    return entry(index + 1, operation, key, operation === 'delete' ? {} : { [`c${random(3)}`]: String(random(100)) }, random(8) === 0)
  })
}

describe('a compacted log', () => {
  it('leads a client at any place to the same rows', () => {
    for (let seed = 1; seed <= 100; seed++) {
      const log = randomLog(seed)
      const short = compacted(log)
      expect(short.length).toBeLessThan(log.length)
      for (let at = 0; at <= log.length; at++) {
        const had = applied(new Map(), log.slice(0, at))
        const rest = short.filter(({ lsn }) => lsn > BigInt(at))
        expect(applied(had, rest)).toEqual(applied(had, log.slice(at)))
      }
    }
  })

  it('keeps every transaction id, its last entry and where answers end', () => {
    const log = randomLog(7)
    const short = compacted(log)
    const txids = (entries: readonly LogEntry[]): readonly number[] => entries.flatMap(({ message }) => (JSON.parse(message) as { headers: { txids: number[] } }).headers.txids).toSorted((a, b) => a - b)
    expect(txids(short)).toEqual(txids(log))
    expect(short.at(-1)?.lsn).toBe(log.at(-1)?.lsn)
    expect(short.filter(({ endsChunk }) => endsChunk).length).toBeGreaterThan(0)
  })
})
