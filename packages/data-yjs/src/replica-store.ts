import { decodeUpdate } from 'yjs'
import { BseError, type DataStorage, type Logger, type StateOp } from '@bse/core/provider'
import type { MutationId } from '@bse/core/wire'

const VERSION = 1
const META_KEY = 'meta'
const SNAPSHOT_KEY = 's'
const UPDATES = 'u/'
const MUTATIONS = 'm/'
const COMPACT_AFTER_UPDATES = 500
const COMPACT_AFTER_BYTES = 1_000_000
/** Core asks again only for the mutations of its last push, so older ids need not be remembered. */
const REMEMBERED_MUTATIONS = 4_096

export interface MutationUpdate {
  readonly id: MutationId
  /** `undefined` when it changes nothing. */
  readonly update: Uint8Array | undefined
}

export interface LoadedReplica {
  readonly store: ReplicaStore
  /** In the order in which they were written. */
  readonly updates: readonly Uint8Array[]
}

/**
 * The document on this device's disk: a snapshot `s`, the updates since then `u/<seq>`, and the ids of the mutations in them
 * `m/<id>`. Calls do not overlap: the connection makes them one after another.
 */
export class ReplicaStore {
  readonly #storage: DataStorage
  /** Mutation -> the sequence number it was written under, oldest first. */
  readonly #applied: Map<MutationId, number>
  #nextSeq: number
  #logCount = 0
  #logBytes = 0
  #snapshotBytes = 0

  private constructor(storage: DataStorage, applied: Map<MutationId, number>, nextSeq: number) {
    this.#storage = storage
    this.#applied = applied
    this.#nextSeq = nextSeq
  }

  /** @throws BseError `SCHEMA_TOO_NEW` when a newer version wrote it; nothing is touched then. */
  static async load(storage: DataStorage, logger: Logger): Promise<LoadedReplica> {
    const [meta, snapshot] = await storage.get([META_KEY, SNAPSHOT_KEY])
    checkVersion(meta)
    const applied = await loadApplied(storage)
    const log = await loadUpdates(storage)
    const lastSeq = Math.max(0, ...applied.values(), ...log.map(({ seq }) => seq))
    const store = new ReplicaStore(storage, applied, lastSeq + 1)
    store.#count(snapshot, log)
    const broken = log.filter(({ update }) => !isUpdate(update))
    await store.#putAside(broken, logger)
    const stored = [snapshot, ...log.map(({ update }) => update)]
    return { store, updates: stored.filter(isUpdate) }
  }

  hasApplied(id: MutationId): boolean {
    return this.#applied.has(id)
  }

  get isDueForCompaction(): boolean {
    return this.#logCount >= COMPACT_AFTER_UPDATES || this.#logBytes > Math.max(COMPACT_AFTER_BYTES, this.#snapshotBytes / 2)
  }

  /** Resolves once all of it survives a crash; on a rejection none of it is there. */
  async appendMutations(mutations: readonly MutationUpdate[]): Promise<void> {
    const first = this.#nextSeq
    const ops = mutations.flatMap(({ id, update }, at): readonly StateOp[] => {
      const record: StateOp = { put: mutationKey(id), value: { seq: first + at } }
      return update === undefined ? [record] : [{ put: updateKey(first + at), value: update }, record]
    })
    await this.#storage.write([META_OP, ...ops], { durability: 'strict' })
    this.#nextSeq = first + mutations.length
    mutations.forEach(({ id }, at) => this.#applied.set(id, first + at))
    for (const { update } of mutations) this.#grow(update)
  }

  /** What came from the network: a power cut may take it back, the server has it. */
  async appendRemote(update: Uint8Array): Promise<void> {
    await this.#storage.write([META_OP, { put: updateKey(this.#nextSeq), value: update }], { durability: 'relaxed' })
    this.#nextSeq += 1
    this.#grow(update)
  }

  /** Replaces everything written so far; `state` contains it. One commit, so that no crash finds neither. */
  async compact(state: Uint8Array): Promise<void> {
    const forgotten = [...this.#applied.keys()].slice(0, Math.max(0, this.#applied.size - REMEMBERED_MUTATIONS))
    await this.#storage.write([
      META_OP,
      { put: SNAPSHOT_KEY, value: state },
      { deleteRange: { from: UPDATES, to: updateKey(this.#nextSeq) } },
      ...forgotten.map((id): StateOp => ({ delete: mutationKey(id) })),
    ], { durability: 'relaxed' })
    for (const id of forgotten) this.#applied.delete(id)
    this.#logCount = 0
    this.#logBytes = 0
    this.#snapshotBytes = state.length
  }

  #grow(update: Uint8Array | undefined): void {
    if (update === undefined) return
    this.#logCount += 1
    this.#logBytes += update.length
  }

  #count(snapshot: unknown, log: readonly StoredUpdate[]): void {
    if (snapshot instanceof Uint8Array) this.#snapshotBytes = snapshot.length
    for (const { update } of log) if (update instanceof Uint8Array) this.#grow(update)
  }

  /** An unreadable update must neither stop the app nor be thrown away: it moves out of the way under `broken/`. */
  async #putAside(broken: readonly StoredUpdate[], logger: Logger): Promise<void> {
    if (broken.length === 0) return
    logger.error('data-yjs: stored updates are unreadable and were put aside', { count: broken.length })
    await this.#storage.write(
      broken.flatMap(({ key, update }): readonly StateOp[] => [{ put: `broken/${key}`, value: update }, { delete: key }]),
      { durability: 'strict' },
    )
  }
}

interface StoredUpdate {
  readonly key: string
  readonly seq: number
  readonly update: unknown
}

const META_OP: StateOp = { put: META_KEY, value: { version: VERSION } }

async function loadUpdates(storage: DataStorage): Promise<readonly StoredUpdate[]> {
  const log: StoredUpdate[] = []
  for await (const page of storage.list(UPDATES)) {
    for (const { key, value } of page) log.push({ key, seq: Number(key.slice(UPDATES.length)), update: value })
  }
  return log
}

async function loadApplied(storage: DataStorage): Promise<Map<MutationId, number>> {
  const found: [MutationId, number][] = []
  for await (const page of storage.list(MUTATIONS)) {
    for (const { key, value } of page) found.push([decodeURIComponent(key.slice(MUTATIONS.length)), (value as { readonly seq: number }).seq])
  }
  return new Map(found.sort(([, a], [, b]) => a - b))
}

function checkVersion(meta: unknown): void {
  const found = meta === undefined ? VERSION : (meta as { readonly version: number }).version
  if (found > VERSION) throw new BseError('SCHEMA_TOO_NEW', 'data-yjs: written by a newer version', { found, known: VERSION })
}

function isUpdate(value: unknown): value is Uint8Array {
  if (!(value instanceof Uint8Array)) return false
  try {
    decodeUpdate(value)
    return true
  } catch {
    return false
  }
}

function updateKey(seq: number): string {
  return `${UPDATES}${String(seq).padStart(16, '0')}`
}

function mutationKey(id: MutationId): string {
  return `${MUTATIONS}${encodeURIComponent(id)}`
}
