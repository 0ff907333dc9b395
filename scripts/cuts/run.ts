import { createHash, randomBytes } from 'node:crypto'
import type { BlobProvider, UploadTask } from '../../packages/core/src/provider/index.ts'
import { plainProviderContext } from '../../packages/core/src/testing/index.ts'
import { blobHashFromHex } from '../../packages/core/src/wire/index.ts'
import type { Fault, Place, Proxy, SeenRequest } from '../services/proxy.ts'
import { boundaries } from './boundaries.ts'
import { carry } from './carry.ts'
import type { Protocol, RunningStore } from './protocols.ts'

export interface CutReport {
  readonly protocol: string
  readonly uploads: number
  readonly cuts: number
  /** Cuts that happened; of these, those behind the first byte of the blob. */
  readonly happened: number
  readonly inPayload: number
  /** Uploads without a single cut behind the first byte of the blob. */
  readonly onlyBefore: number
  readonly completed: number
  readonly equal: number
  /** Bytes of blobs that went over the wire more than once, and what they may be at most. */
  readonly extraBytes: number
  readonly boundBytes: number
  readonly failures: readonly string[]
}

type Counts = { -readonly [Key in keyof Omit<CutReport, 'protocol' | 'failures'>]: number } & { readonly failures: string[] }

export interface CutOptions {
  /** How many uploads are cut once at a random byte of the blob. */
  readonly randomCuts: number
  /** How many are cut at a boundary, by chance, where there are more. Default: at each. */
  readonly boundaryCuts?: number
  /** In [0, 1). */
  readonly random: () => number
}

const TRY_MS = 60_000

/** A place on one of the wires. */
interface Cut {
  readonly wire: Proxy
  readonly place: Place
}

/** Cuts uploads at every boundary of a protocol, and at random bytes, one upload for each place. */
export async function runCuts(protocol: Protocol, options: CutOptions): Promise<CutReport> {
  const store = await protocol.start()
  const counts: Counts = { uploads: 0, cuts: 0, happened: 0, inPayload: 0, onlyBefore: 0, completed: 0, equal: 0, extraBytes: 0, boundBytes: 0, failures: [] }
  try {
    const cuts = await everyCut(protocol, store, options)
    for (const cut of cuts) await cutOne(protocol, store, cut, counts)
  } finally {
    await store.close()
  }
  return { protocol: protocol.name, ...counts }
}

/** The boundaries are those of an upload that nobody disturbs. */
async function everyCut(protocol: Protocol, store: RunningStore, { boundaryCuts = Infinity, random, randomCuts }: CutOptions): Promise<readonly Cut[]> {
  await withProvider(store, (provider) => carry(provider, newTask(protocol.sizeBytes), AbortSignal.timeout(TRY_MS)))
  const [wire] = store.wires
  const payloads = wire.requests.filter((request) => protocol.isPayload(request))
  const atRandom = Array.from({ length: randomCuts }, (): Cut => {
    const target = payloads[Math.floor(random() * payloads.length)]
    if (target === undefined) throw new Error(`${protocol.name}: no request carries bytes of the blob`)
    // Or the next one like it: a connection that an earlier cut has spoilt takes a request with it before its body.
    const request = (seen: SeenRequest): boolean => seen.index >= target.index && protocol.isPayload(seen)
    return { wire, place: { part: 'body', after: 1 + Math.floor(random() * target.bodyBytes), request } }
  })
  const atBoundaries = store.wires.flatMap((one) => boundaries(one.requests).map((place): Cut => ({ wire: one, place })))
  return [...sample(atBoundaries, boundaryCuts, random), ...atRandom]
}

function sample<T>(from: readonly T[], count: number, random: () => number): readonly T[] {
  const left = [...from]
  while (left.length > count) left.splice(Math.floor(random() * left.length), 1)
  return left
}

async function cutOne(protocol: Protocol, store: RunningStore, { place, wire: at }: Cut, counts: Counts): Promise<void> {
  const [payloadWire] = store.wires
  for (const wire of store.wires) wire.forget()
  const task = newTask(protocol.sizeBytes)
  const cuts: Fault[] = []
  let inPayload = 0
  const cut = (wire: Proxy, where: Place): void => {
    const fault = wire.cut(where)
    cuts.push(fault)
    void fault.hit.then(() => {
      if (payloadWire.bodyBytes(protocol.isPayload) > 0) inPayload += 1
      // A cut before the first byte of the blob says little: a second one follows in the middle of it.
      else cut(payloadWire, { part: 'body', after: Math.floor(protocol.partBytes / 3), request: protocol.isPayload })
    })
  }
  cut(at, place)
  const label = `${protocol.name} ${place.part} after ${place.after}`
  try {
    const isEqual = await withProvider(store, async (provider) => {
      await carry(provider, task, AbortSignal.timeout(TRY_MS))
      counts.completed += 1
      return (await hashFrom(provider, task)) === task.hash
    })
    counts.equal += isEqual ? 1 : 0
    if (!isEqual) counts.failures.push(`${label}: other bytes arrived`)
  } catch (error) {
    counts.failures.push(`${label}: ${String(error)}`)
  }
  const happened = cuts.filter((fault) => fault.happened).length
  if (happened === 0) counts.failures.push(`${label}: the cut did not happen`)
  if (inPayload === 0) counts.failures.push(`${label}: cut only before the first byte`)
  counts.uploads += 1
  counts.cuts += cuts.length
  counts.happened += happened
  counts.inPayload += inPayload
  counts.onlyBefore += inPayload === 0 ? 1 : 0
  counts.extraBytes += Math.max(0, payloadWire.bodyBytes(protocol.isPayload) - protocol.sizeBytes)
  counts.boundBytes += happened * protocol.partBytes * protocol.parallel
}

async function withProvider<T>(store: RunningStore, work: (provider: BlobProvider) => Promise<T>): Promise<T> {
  const provider = store.provider()
  provider.connect(plainProviderContext())
  try {
    return await work(provider)
  } finally {
    await provider.close()
  }
}

function newTask(sizeBytes: number): UploadTask {
  const bytes = randomBytes(sizeBytes)
  return { hash: blobHashFromHex(createHash('sha256').update(bytes).digest('hex')), sizeBytes, type: '', blob: new Blob([bytes]) }
}

async function hashFrom(provider: BlobProvider, { hash, sizeBytes, type }: UploadTask): Promise<string> {
  const { body } = await provider.open({ hash, sizeBytes, type }, { signal: AbortSignal.timeout(TRY_MS) })
  const hasher = createHash('sha256')
  for await (const chunk of body) hasher.update(chunk)
  return blobHashFromHex(hasher.digest('hex'))
}
