import type { StateOp } from '../../src/provider/index.ts'
import { ledgerKey, MUTATION_SEQ_KEY, mutationKey } from '../../src/state/keys.ts'
import { hashOfContent } from './hand.ts'
import type { Random } from './random.ts'

/** Contents that only strangers know by name, until somebody brings them. */
const FIRST_CONTENT = 40
const CONTENTS = 6

export type Stranger = 'newer' | 'damaged'

/** A record that this code cannot read, where it is put, and what has to be there for ever. */
export interface StrangeRecord {
  readonly key: string
  readonly value: unknown
  readonly is: Stranger
}

/** What newer code, or a bad disk, leaves in a device's state: a write of the queue, and the ledger entry of bytes that nobody here has. */
export function strangeRecords(records: ReadonlyMap<string, unknown>, random: Random): { readonly left: readonly StrangeRecord[]; readonly ops: readonly StateOp[]; readonly content: number } {
  const is = random.pick(['newer', 'damaged'] as const) ?? 'newer'
  const content = FIRST_CONTENT + random.int(CONTENTS)
  const before = records.get(MUTATION_SEQ_KEY)
  const seq = (typeof before === 'number' ? before : 0) + 1
  const strange = { v: is === 'newer' ? 7 : 1, says: random.int(1_000_000) }
  const left: StrangeRecord[] = [{ key: mutationKey(seq), value: strange, is }]
  const ledger = ledgerKey(hashOfContent(content))
  // In the place of a good record it would be the loss of that, which no code can make good.
  if (!records.has(ledger)) left.push({ key: ledger, value: strange, is })
  return { left, content, ops: [{ put: MUTATION_SEQ_KEY, value: seq }, ...left.map(({ key, value }) => ({ put: key, value }))] }
}

/** One that is newer stays in its place; a damaged one may be put aside for a good one. */
export function isLeft(records: ReadonlyMap<string, unknown>, { key, value, is }: StrangeRecord): boolean {
  const says = (record: unknown): boolean => JSON.stringify(record) === JSON.stringify(value)
  return says(records.get(key)) || (is === 'damaged' && says(records.get(`aside/${key}`)))
}
