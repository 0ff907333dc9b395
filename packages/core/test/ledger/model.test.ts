import { describe, expect, it } from 'vitest'
import { LOCAL_TABLE } from '../../src/ledger/local-transition.ts'
import { REMOTE_TABLE } from '../../src/ledger/remote-transition.ts'
import { exploreLedger, remoteStateOf, type LedgerModel } from './model.ts'

function namesOf({ objections }: LedgerModel): readonly string[] {
  return Object.entries(objections).flatMap(([name, worlds]) => (worlds.length > 0 ? [name] : []))
}

/** One cell of a table changed, for as long as `run` takes. */
function withCell<T>(table: Readonly<Record<string, Readonly<Record<string, string>>>>, [state, event, cell]: readonly [string, string, string], run: () => T): T {
  const row = table[state] as Record<string, string>
  const before = row[event] ?? ''
  row[event] = cell
  try {
    return run()
  } finally {
    row[event] = before
  }
}

describe('every state that the ledger can reach', () => {
  const model = exploreLedger()

  it('is one of the tables, and each of them is reached', () => {
    expect([...new Set(model.worlds.map(({ entry }) => entry.local))].sort()).toEqual(Object.keys(LOCAL_TABLE).sort())
    expect([...new Set(model.worlds.map(remoteStateOf))].sort()).toEqual(Object.keys(REMOTE_TABLE).sort())
  })

  // X-007 F-5 F-7 F-8
  it('keeps what is claimed, evicts no last copy, and comes to an end', () => {
    for (const [name, worlds] of Object.entries(model.objections)) expect(worlds.slice(0, 3), name).toEqual([])
  })
})

describe('the model of the ledger', () => {
  it('objects to beliefs about bytes that nobody names', () => {
    expect(namesOf(exploreLedger({ forgets: false }))).toContain('the last copy may be evicted')
  })

  it.for([
    ['stored', 'needsBlobs', 'stay', 'owed for ever'],
    ['stored', 'lastClaimDropped', 'stay', 'the last copy may be evicted'],
    ['uploading', 'failFinal', 'stored', 'the last copy may be evicted'],
    ['owed', 'lastClaimDropped', 'stay', 'on their way, and not here'],
    ['owed', 'bytesLost', 'stay', 'on their way, and not here'],
    ['unknown', 'claim', 'stay', 'owed for ever'],
  ] as const)('looks at %s %s -> %s', ([state, event, cell, objection]) => {
    expect(withCell(REMOTE_TABLE, [state, event, cell], () => namesOf(exploreLedger()))).toContain(objection)
  })

  it('looks at present evictBegin -> evicting', () => {
    expect(withCell(LOCAL_TABLE, ['present', 'evictBegin', 'evicting'], () => namesOf(exploreLedger()))).toContain('claimed, and nowhere')
  })
})
