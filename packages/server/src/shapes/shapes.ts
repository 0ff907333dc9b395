import type { Logger } from '@bse/core/provider'
import { findTable, tablesOf, type Table } from './catalog.ts'
import { planChanges, type OrderedTransaction, type Relations, type ShapePlan } from './change-plan.ts'
import type { ChangeSource, Transaction } from './change-source.ts'
import { compacted } from './compaction.ts'
import type { Queryable, ShapeDatabase } from './database.ts'
import { definitionKey, definitionNumber, type ShapeDefinition } from './definition.ts'
import type { ShapeLimits } from './limits.ts'
import { Follower } from './follower.ts'
import { Mutex } from './mutex.ts'
import type { Offset } from './offset.ts'
import { Refusal } from './refusal.ts'
import { prepareReader } from './row-filter.ts'
import { ShapeLog, type LogEntry } from './shape-log.ts'
import { ShapeStore, type StoredShape } from './shape-store.ts'
import { Shape, type ShapeRecord } from './shape.ts'
import { currentSnapshot, readSnapshot } from './snapshot.ts'

const CLAIM = 0x6273_6573

interface Taken {
  readonly plans: readonly (ShapePlan & { readonly entries: readonly LogEntry[] })[]
  readonly lsn: bigint
  readonly lostAll: boolean
}

/** Every shape of one database: made, followed, found again after a restart, and given up. */
export class Shapes {
  readonly database: ShapeDatabase
  readonly store: ShapeStore
  readonly limits: ShapeLimits
  readonly #source: ChangeSource
  readonly #logger: Logger | undefined
  readonly #byHandle = new Map<string, Shape>()
  readonly #byKey = new Map<string, Shape>()
  readonly #creating = new Map<string, Promise<Shape>>()
  /** Taking changes and making snapshots take turns: what a snapshot shows is then never in the log, and what it does not show always is. */
  readonly #turn = new Mutex()
  #seenLsn = 0n
  #lastHandleMicros = 0
  readonly #follower: Follower
  readonly #readable = new Set<number>()

  constructor(database: ShapeDatabase, source: ChangeSource, limits: ShapeLimits, logger: Logger | undefined) {
    this.database = database
    this.store = new ShapeStore(database)
    this.limits = limits
    this.#source = source
    this.#logger = logger
    this.#follower = new Follower({
      turn: this.#turn,
      take: () => this.#take(),
      isAwaited: () => this.waitingCount > 0,
      onFailure: (error) => logger?.error('shapes: changes could not be taken', { error: String(error) }),
    })
  }

  /** @throws an error when another server follows the database. */
  async open(): Promise<void> {
    if (!(await this.database.claim(CLAIM))) throw new Error('shapes: another server follows this database')
    await this.#source.prepare()
    this.#seenLsn = await this.store.progress()
    for (const stored of await this.store.all()) this.#add(this.#revived(stored))
    await this.#source.subscribe(() => this.#follower.wake())
    this.#follower.open()
  }

  /** The newest place that all shapes have reached. */
  get seenLsn(): bigint {
    return this.#seenLsn
  }

  get count(): number {
    return this.#byHandle.size
  }

  get waitingCount(): number {
    let count = 0
    for (const shape of this.#byHandle.values()) count += shape.waitingCount
    return count
  }

  byHandle(handle: string): Shape | undefined {
    return this.#byHandle.get(handle)
  }

  /** The shapes of a table. */
  following(relation: number): readonly Shape[] {
    return [...this.#byHandle.values()].filter(({ record }) => record.definition.relation === relation)
  }

  /** One that no shape has had. */
  newHandle(definition: ShapeDefinition): string {
    return `${definitionNumber(definition)}-${this.#nextMicros()}`
  }

  byDefinition(definition: ShapeDefinition): Shape | undefined {
    const shape = this.#byKey.get(definitionKey(definition))
    return shape?.record.definition.relation === definition.relation ? shape : undefined
  }

  /** The shape of a definition, made when there is none. */
  async obtain(definition: ShapeDefinition): Promise<Shape> {
    const known = this.byDefinition(definition)
    if (known !== undefined) return known
    const key = definitionKey(definition)
    const creating = this.#creating.get(key) ?? this.#create(definition).finally(() => this.#creating.delete(key))
    this.#creating.set(key, creating)
    return creating
  }

  async retire(shape: Shape): Promise<void> {
    await this.#turn.run(async () => {
      await this.store.delete(this.database, [shape.record.id])
      this.#forget(shape)
    })
  }

  /** Resolves when the shapes have what had been committed before the call. */
  async current(): Promise<void> {
    await this.#follower.current()
  }

  async close(): Promise<void> {
    await this.#follower.close()
    await Promise.allSettled(this.#creating.values())
    for (const shape of this.#byHandle.values()) shape.release()
    await this.database.close()
  }

  async #take(): Promise<void> {
    // Read before the snapshot: a commit that the snapshot does not show ends at this place or behind it, never before.
    const rows = await this.database.query("select (pg_current_wal_insert_lsn() - '0/0'::pg_lsn)::text as lsn")
    const writtenLsn = BigInt(rows[0]?.['lsn'] ?? '0') - 1n
    const isEmpty = await this.#source.isEmpty(this.database)
    const taken: Taken = isEmpty ? { plans: [], lsn: writtenLsn, lostAll: false } : await this.database.transaction((on) => this.#takeWithin(on, writtenLsn))
    if (taken.lostAll) for (const shape of this.#byHandle.values()) this.#forget(shape)
    await publishInOrder(taken.plans)
    // Last: an answer that says it has no less than all logs up to there.
    if (taken.lsn > this.#seenLsn) this.#seenLsn = taken.lsn
    for (const { retires, shape } of taken.plans) {
      if (retires) this.#forget(shape)
      else if (shape.log.sizeBytes > this.limits.maxLogBytes) await this.#compact(shape)
    }
  }

  /** Leaves out what later updates say again. A log that stays too long is given up: a new snapshot is shorter. */
  async #compact(shape: Shape): Promise<void> {
    const { id } = shape.record
    const sizeBytes = await this.database.transaction(async (on) => {
      const entries = compacted(await this.store.allEntries(on, id))
      const size = entries.reduce((sum, { message }) => sum + Buffer.byteLength(message), 0)
      if (size > this.limits.maxLogBytes / 2) await this.store.delete(on, [id])
      else await this.store.replaceEntries(on, id, entries)
      return size
    })
    if (sizeBytes > this.limits.maxLogBytes / 2) this.#forget(shape)
    else shape.log.rewritten(sizeBytes)
  }

  async #takeWithin(on: Queryable, writtenLsn: bigint): Promise<Taken> {
    const transactions = await this.#source.take(on)
    if (transactions === 'too many') return this.#giveUp(on)
    const ordered = withLsns(transactions, this.#seenLsn, writtenLsn)
    const lsn = ordered.at(-1)?.lsn ?? writtenLsn
    const relations = await relationsOf(on, transactions, [...this.#byHandle.values()])
    const planned = await planChanges(on, [...this.#byHandle.values()], ordered, relations, this.limits.queryTimeoutMs)
    const plans = planned.map((plan) => ({ ...plan, entries: plan.shape.log.planned(plan.messages) }))
    const entries = plans.flatMap((plan) => (plan.retires ? [] : plan.entries.map((entry) => ({ ...entry, shape: plan.shape.record.id }))))
    if (entries.length > 0) await this.store.insertEntries(on, entries)
    await this.store.delete(on, plans.filter(({ retires }) => retires).map(({ shape }) => shape.record.id))
    await this.store.setProgress(on, lsn)
    return { plans, lsn, lostAll: false }
  }

  /** More waits than memory should hold: new snapshots are cheaper than so long a log. */
  async #giveUp(on: Queryable): Promise<Taken> {
    this.#logger?.warn('shapes: too many changes wait; all shapes begin anew', {})
    await this.#source.skip(on)
    await this.store.delete(on, [...this.#byHandle.values()].map(({ record }) => record.id))
    return { plans: [], lsn: this.#seenLsn, lostAll: true }
  }

  async #create(definition: ShapeDefinition): Promise<Shape> {
    const table = await findTable(this.database, [definition.schema, definition.table])
    if (table?.oid !== definition.relation) throw new Refusal(409, [{ headers: { control: 'must-refetch' } }])
    await this.#makeRoom()
    // Waits for transactions that write to the table, as it must: what they wrote before has passed the trigger by.
    await this.#source.watch(table.rootOid)
    if (!this.#readable.has(table.oid)) await prepareReader(this.database, table)
    this.#readable.add(table.oid)
    return this.#turn.run(async () => {
      const handle = this.newHandle(definition)
      const record = await this.database.transaction((on) => this.#createWithin(on, definition, table, handle))
      const shape = this.#revived({ record, end: undefined, openChunkBytes: 0, sizeBytes: 0 })
      const old = this.#byKey.get(definitionKey(definition))
      if (old !== undefined) this.#forget(old)
      this.#add(shape)
      return shape
    })
  }

  async #createWithin(on: Queryable, definition: ShapeDefinition, table: Table, handle: string): Promise<ShapeRecord> {
    const stored = { definition, tableColumns: table.columns.map(({ name }) => name), key: table.key }
    const old = this.#byKey.get(definitionKey(definition))
    if (old !== undefined) await this.store.delete(on, [old.record.id])
    const snapshot = await currentSnapshot(on)
    const id = await this.store.insert(on, handle, stored, snapshot)
    const size = await readSnapshot(on, definition, table, snapshot, this.limits, (number, body) => this.store.insertChunk(on, id, number, body))
    await this.store.setSize(on, id, size.chunkCount, size.rows)
    return { id, handle, ...stored, snapshot, chunkCount: size.chunkCount }
  }

  /** Gives up the shape that was not asked for longest, when nobody waits on it. */
  async #makeRoom(): Promise<void> {
    while (this.#byHandle.size >= this.limits.maxShapes) {
      const idle = [...this.#byHandle.values()].filter(({ waitingCount }) => waitingCount === 0).toSorted((a, b) => a.lastUsedMs - b.lastUsedMs)[0]
      if (idle === undefined) throw new Refusal(503, { message: 'All shapes of this server are in use', code: 'too_many_shapes' })
      await this.retire(idle)
    }
  }

  #revived({ end, openChunkBytes, record, sizeBytes }: StoredShape): Shape {
    const { chunkBytes, tailBytes } = this.limits
    const options = { readOlder: (after: Offset) => this.store.entriesAfter(record.id, after), chunkBytes, tailBytes }
    return new Shape(record, new ShapeLog({ ...(end === undefined ? {} : { end }), openChunkBytes, sizeBytes }, options), () => this.#follower.hurry())
  }

  #add(shape: Shape): void {
    this.#byHandle.set(shape.record.handle, shape)
    this.#byKey.set(definitionKey(shape.record.definition), shape)
  }

  #forget(shape: Shape): void {
    this.#byHandle.delete(shape.record.handle)
    const key = definitionKey(shape.record.definition)
    if (this.#byKey.get(key) === shape) this.#byKey.delete(key)
    shape.retire()
  }

  #nextMicros(): number {
    this.#lastHandleMicros = Math.max(this.#lastHandleMicros + 1, Date.now() * 1_000)
    return this.#lastHandleMicros
  }
}

/** Transaction by transaction: who waits gets the first at once and asks again for the rest. */
async function publishInOrder(plans: Taken['plans']): Promise<void> {
  const places = [...new Set(plans.flatMap(({ entries }) => entries.map(({ lsn }) => lsn)))].toSorted((a, b) => (a < b ? -1 : 1))
  for (const [index, lsn] of places.entries()) {
    if (index > 0) await new Promise((resolve) => setImmediate(resolve))
    for (const { entries, shape } of plans) {
      const now = entries.filter((entry) => entry.lsn === lsn)
      if (now.length > 0) shape.publish(now)
    }
  }
}

/** Each transaction gets a place of its own, after all places given before and at most at what Postgres has written. */
function withLsns(transactions: readonly Transaction[], seen: bigint, written: bigint): readonly OrderedTransaction[] {
  const first = written - BigInt(transactions.length)
  const base = first > seen ? first : seen
  return transactions.map((transaction, index) => ({ ...transaction, lsn: base + BigInt(index) + 1n }))
}

async function relationsOf(on: Queryable, transactions: readonly Transaction[], shapes: readonly Shape[]): Promise<Relations> {
  const written = new Set(transactions.flatMap(({ changes }) => changes.map(({ relation }) => relation)))
  const tables = await tablesOf(on, [...new Set([...written, ...shapes.map(({ record }) => record.definition.relation)])])
  const ancestors = new Map<number, readonly number[]>()
  const partitions = [...written].filter((oid) => tables.get(oid)?.rootOid !== oid)
  for (const oid of partitions) {
    const rows = await on.query('select a.relid::oid::text as oid from pg_partition_ancestors($1::text::oid) as a(relid)', [String(oid)])
    ancestors.set(oid, rows.map((row) => Number(row['oid'])))
  }
  return { tables, ancestors }
}
