import { LOCAL_TABLE } from '../../src/ledger/local-transition.ts'
import { REMOTE_TABLE } from '../../src/ledger/remote-transition.ts'
import { MUTATION_TABLE } from '../../src/mutation/transition.ts'

type Table = Readonly<Record<string, Readonly<Record<string, string>>>>

const TABLES: Readonly<Record<string, Table>> = { local: LOCAL_TABLE, remote: REMOTE_TABLE, mutation: MUTATION_TABLE }

/** How often each cell was looked up since. */
export type CellCounts = Map<string, number>

/** Cells in which something happens: not those that stay, and not those that are bugs of ours. */
const NON_TRIVIAL: readonly string[] = Object.entries(TABLES).flatMap(([name, table]) => Object.entries(table).flatMap(([state, row]) => {
  return Object.entries(row).flatMap(([event, cell]) => (cell === 'stay' || cell === 'bug' || cell === state ? [] : [`${name} ${state} ${event}`]))
}))

export function nonTrivialCells(): readonly string[] {
  return NON_TRIVIAL
}

/** Counts every look at a cell of the real tables. The engine's code is not changed for it: the cells become getters. */
export function watchCells(counts: CellCounts): void {
  for (const [name, table] of Object.entries(TABLES)) {
    for (const [state, row] of Object.entries(table)) {
      for (const [event, cell] of Object.entries(row)) {
        const id = `${name} ${state} ${event}`
        const get = (): string => {
          counts.set(id, (counts.get(id) ?? 0) + 1)
          return cell
        }
        Object.defineProperty(row, event, { get, configurable: true, enumerable: true })
      }
    }
  }
}
