import type { PendingItem } from '../../src/events.ts'
import { hashesOf } from '../../src/model/mutation.ts'
import { readLedgerEntry, readMutation } from '../../src/state/records.ts'
import { blobHashFromHex, type BlobHash } from '../../src/wire/blob-hash.ts'
import { parseBlobRef } from '../../src/wire/blob-ref.ts'
import type { Json } from '../../src/wire/json.ts'
import type { MutationWire, RowWire } from '../../src/wire/mutation-wire.ts'
import { SERVER, tagOf, type Op } from './history.ts'
import { hashNow } from './sim-blob.ts'
import type { SimDevice } from './sim-device.ts'
import type { World } from './world.ts'

/** Holds the end of a run against everything that was promised. */
export async function check(world: World, options: { readonly retried: boolean }): Promise<void> {
  world.history.noteServer()
  for (const device of world.devices) weakenParked(world, device, options.retried)
  checkServer(world)
  checkWrites(world)
  checkEffects(world)
  checkBatches(world)
  for (const device of world.devices) {
    device.checkStrange()
    await checkRows(world, device)
    await checkBytes(world, device)
  }
}

function pendingOf(device: SimDevice): readonly PendingItem[] {
  return device.living()[0]?.engine.status.getSnapshot().pending ?? []
}

/** What waits for a person has a reason that is true; its rows are not asked for. */
function weakenParked(world: World, device: SimDevice, retried: boolean): void {
  for (const item of pendingOf(device)) {
    if (item.type === 'upload') {
      if (item.rows.length === 0 && !writesName(device, item.id)) world.violation('stuck', `${device.name}: upload ${item.id} is ${item.state} and no row names it`)
      if (item.reason === undefined && item.state !== 'lost') world.violation('stuck', `${device.name}: upload ${item.id} is parked without a reason`)
      continue
    }
    world.history.weaken(device.name, item.table, item.rowId)
    if (item.reason?.code === 'BLOB_MISSING') checkMissing(world, device, item, retried)
  }
}

function writesName(device: SimDevice, hash: BlobHash): boolean {
  return [...device.records].some(([key, value]) => {
    const record = key.startsWith('mut/') ? readMutation(value) : undefined
    return record !== undefined && hashesOf(record.ops).has(hash)
  })
}

function checkMissing(world: World, device: SimDevice, item: Exclude<PendingItem, { type: 'upload' }>, retried: boolean): void {
  // A batch is parked as one, for the bytes of any of its rows.
  const data = pendingOf(device).flatMap((one) => (one.type !== 'upload' && one.id === item.id ? Object.values(one.data) : []))
  const hashes = data.flatMap((value) => parseBlobRef(value)?.hash ?? [])
  const isThere = (hash: BlobHash): boolean => world.server.remote.blobs.has(hash)
  // It was true when it was parked; nobody asks again but the person.
  if (retried && hashes.every(isThere)) world.violation('stuck', `${device.name}: ${item.id} is parked for bytes that the server has`)
  for (const value of data) {
    const ref = parseBlobRef(value)
    const wasBrought = ref !== undefined && ref.name?.startsWith('ref#') !== true
    if (wasBrought && !isThere(ref.hash) && !device.vanished.has(ref.hash)) world.violation('lost', `${device.name}: bytes that ${item.id} brought are nowhere: ${ref.hash}`)
  }
}

function checkServer(world: World): void {
  const { blobs, rows } = world.server.remote
  for (const [hash, blob] of blobs) if (hashNow(blob) !== hash) world.violation('corrupt', `the server has other bytes under ${hash}`)
  for (const [key, row] of rows) {
    for (const value of Object.values(row)) {
      const ref = parseBlobRef(value)
      if (ref !== undefined && !blobs.has(ref.hash)) world.violation('corrupt', `row ${key} names ${ref.hash}, which the server does not have`)
      if (JSON.stringify(value).includes('pending:')) world.violation('corrupt', `row ${key} names a provisional blob`)
    }
  }
}

/** Every acknowledged write is there, unless another came over it. */
function checkWrites(world: World): void {
  const byRow = Map.groupBy(world.history.ops, (op) => `${op.table}/${op.rowId}`)
  for (const [key, ops] of byRow) {
    // What a replica took behind a write that is refused later is not held back: nobody knows then what the row should be.
    if (world.server.refusedLate.has(key)) continue
    const row = world.server.remote.rows.get(key)
    if (row === undefined) checkAbsent(world, key, ops)
    else checkPresent(world, key, row, ops)
  }
}

function isCreator(op: Op): boolean {
  return op.kind === 'insert' || op.kind === 'upsert'
}

function checkAbsent(world: World, key: string, ops: readonly Op[]): void {
  const { history } = world
  const deletes = ops.filter((op) => op.kind === 'delete' && op.outcome !== 'failed')
  const creator = ops.find((op) => isCreator(op) && history.mustHold(op) && !deletes.some((one) => !history.precedes(one, op)))
  if (creator !== undefined) world.violation('lost', `${key}: #${creator.tag} was acknowledged and the server has no such row`)
}

function checkPresent(world: World, key: string, row: RowWire, ops: readonly Op[]): void {
  const { history } = world
  const creators = ops.filter((op) => isCreator(op) && op.outcome !== 'failed')
  const deleted = ops.find((op) => op.kind === 'delete' && history.mustHold(op) && op.where !== SERVER && creators.every((one) => history.precedes(one, op)))
  if (deleted !== undefined) world.violation('lost', `${key}: deleted by #${deleted.tag}, and the server still has it`)
  const deletes = ops.filter((op) => op.kind === 'delete' && op.outcome !== 'failed')
  // A change of a row that was deleted changes nothing, unless somebody made the row anew in between.
  const remade = (deletion: Op, op: Op): boolean => creators.some((one) => history.precedes(deletion, one) && history.precedes(one, op, one.columns[0]))
  const survives = (op: Op): boolean => history.mustHold(op) && deletes.every((one) => history.precedes(one, op) && (isCreator(op) || remade(one, op)))
  for (const column of new Set(ops.flatMap((op) => op.columns))) {
    const writer = world.history.ops[tagOf(row[column]) ?? -1]
    const missing = ops.find((op) => op.columns.includes(column) && op !== writer && survives(op) && (writer === undefined || history.precedes(writer, op, column)))
    if (missing !== undefined) world.violation('lost', `${key}.${column}: #${missing.tag} was acknowledged and the server has ${writer === undefined ? 'nothing' : `#${writer.tag}`}`)
    if (writer?.outcome === 'failed') world.violation('corrupt', `${key}.${column}: #${writer.tag} was refused to the person and is at the server`)
  }
}

/** Each write reached the server under one id, and each id once. */
function checkEffects(world: World): void {
  const { accepted } = world.server
  if (new Set(accepted.map(({ id }) => id)).size !== accepted.length) world.violation('duplicated', 'a mutation took effect twice')
  const idByWrite = new Map<string, string>()
  for (const { id, ops } of accepted) {
    for (const op of ops) {
      for (const [column, value] of Object.entries(op.values)) {
        const write = `${tagOf(value) ?? ''}/${column}`
        if (tagOf(value) === undefined || isRestored(world, op.kind, value)) continue
        if (idByWrite.has(write)) world.violation('duplicated', `#${write} took effect as ${idByWrite.get(write)} and as ${id}`)
        idByWrite.set(write, id)
      }
    }
  }
}

/** A change of a row that was deleted elsewhere makes it anew, as the person sees it: with what other writes have said about it. */
function isRestored(world: World, kind: string, value: Json | undefined): boolean {
  return kind === 'upsert' && world.history.ops[tagOf(value) ?? -1]?.kind !== 'upsert'
}

/** The server took each batch whole, in one mutation, or nothing of it. */
function checkBatches(world: World): void {
  for (const batch of world.history.batches) {
    const isIn = (op: Op, { ops }: MutationWire): boolean => ops.some(({ table, rowId, values }) => {
      return table === op.table && rowId === op.rowId && op.columns.every((column) => tagOf(values[column]) === op.tag)
    })
    const [first] = batch
    const taken = world.server.accepted.find((mutation) => first !== undefined && isIn(first, mutation))
    const missing = batch.filter((op) => taken !== undefined && !isIn(op, taken))
    const strays = batch.filter((op) => taken === undefined && world.history.wasApplied(op))
    for (const { tag } of [...missing, ...strays]) world.violation('corrupt', `#${tag} and the rest of its batch did not reach the server as one`)
  }
}

/** The device shows what the server has. */
async function checkRows(world: World, device: SimDevice): Promise<void> {
  const [tab] = device.living()
  if (tab === undefined) return
  const pendingRows = new Set(pendingOf(device).flatMap((item) => (item.type === 'upload' ? [] : [`${item.table}/${item.rowId}`])))
  const shown = new Map<string, unknown>()
  for (const row of (await world.peek(tab.engine.photos.where({}).get())) ?? []) shown.set(`photos/${row.id}`, tab.dialect.toServer(row))
  for (const row of (await world.peek(tab.engine.albums.where({}).get())) ?? []) shown.set(`albums/${row.id}`, row)
  for (const key of new Set([...shown.keys(), ...world.server.remote.rows.keys()])) {
    if (pendingRows.has(key)) continue
    const [here, there] = [shown.get(key) as RowWire | undefined, world.server.remote.rows.get(key)]
    if (here === undefined || there === undefined) world.violation('diverged', `${device.name}: ${key} is ${here === undefined ? 'missing' : 'not at the server'}`)
    else if (!sameRow(here, there)) world.violation('diverged', `${device.name}: ${key} is ${JSON.stringify(here)}, at the server ${JSON.stringify(there)}`)
  }
}

function sameRow(here: RowWire, there: RowWire): boolean {
  const plain = (row: RowWire): string => JSON.stringify(Object.entries(row).filter(([column, value]) => column !== 'id' && value !== undefined && value !== null).sort())
  return plain(here) === plain(there)
}

/** What the ledger says, against a listing that was made without it. */
async function checkBytes(world: World, device: SimDevice): Promise<void> {
  const found = new Map<BlobHash, 'inline' | 'stored'>()
  const store = device.cache()
  for await (const { hash } of store.list()) {
    const blob = await store.get(hash)
    if (blob !== undefined && hashNow(blob) !== hash && !device.vanished.has(hash)) world.violation('corrupt', `${device.name}: the cache has other bytes under ${hash}`)
    found.set(hash, 'stored')
  }
  for (const [key, value] of device.records) {
    if (!key.startsWith('bytes/')) continue
    const hash = blobHashFromHex(key.slice('bytes/'.length))
    if (hashNow(value as Uint8Array) !== hash) world.violation('corrupt', `${device.name}: other bytes inline under ${hash}`)
    if (found.has(hash)) world.violation('ledger', `${device.name}: ${hash} is kept twice`)
    found.set(hash, 'inline')
  }
  for (const [key, value] of device.records) {
    const entry = key.startsWith('led/') ? readLedgerEntry(value) : undefined
    if (entry === undefined) continue
    const place = found.get(entry.hash)
    const said = entry.local === 'present' ? (entry.inline ? 'inline' : 'stored') : undefined
    const isStray = entry.local === 'absent' && device.strays.has(entry.hash)
    if (place !== said && !isStray && !device.vanished.has(entry.hash) && entry.local !== 'lost') world.violation('ledger', `${device.name}: ${entry.hash} is ${place ?? 'absent'}, the ledger says ${entry.local} ${said ?? ''}`)
    found.delete(entry.hash)
  }
  for (const hash of found.keys()) if (!device.strays.has(hash)) world.violation('ledger', `${device.name}: ${hash} is here and the ledger does not know`)
  const staged: string[] = []
  await store.sweep((stageId) => staged.push(stageId) > 0)
  if (staged.length > 0) world.violation('ledger', `${device.name}: ${staged.length} staged copies are left over`)
}
