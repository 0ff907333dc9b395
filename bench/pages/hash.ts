// G1: one blob, one too large for memory, and many at once.
import { createSHA256 } from '../peers/hash-wasm.ts'
import { hashBlob } from '../../packages/core/src/hash/index.ts'
import type { Group } from '../lib/measure.ts'
import { freshBlobs, timed } from './bytes.ts'

const MIB = 1024 * 1024
const WINDOW = 4 * MIB

interface Work {
  readonly count: number
  readonly sizeBytes: number
}

function workOf(group: string, quick: boolean): Work {
  if (group.startsWith('one')) return { count: 1, sizeBytes: 32 * MIB }
  return group.startsWith('a large') ? { count: 1, sizeBytes: (quick ? 96 : 256) * MIB } : { count: quick ? 8 : 16, sizeBytes: 8 * MIB }
}

const digest = async (blob: Blob): Promise<unknown> => crypto.subtle.digest('SHA-256', await blob.arrayBuffer())

async function streamed(blob: Blob): Promise<void> {
  const hasher = await createSHA256()
  for (let at = 0; at < blob.size; at += WINDOW) hasher.update(new Uint8Array(await blob.slice(at, at + WINDOW).arrayBuffer()))
  hasher.digest()
}

async function oneByOne(blobs: readonly Blob[], hash: (blob: Blob) => Promise<unknown>): Promise<void> {
  for (const blob of blobs) await hash(blob)
}

const contenders: Readonly<Record<string, (blobs: readonly Blob[]) => Promise<unknown>>> = {
  'this engine': (blobs) => Promise.all(blobs.map((blob) => hashBlob(blob))),
  'crypto.subtle': (blobs) => oneByOne(blobs, digest),
  'crypto.subtle, one thread': (blobs) => oneByOne(blobs, digest),
  'hash-wasm, streaming': (blobs) => oneByOne(blobs, streamed),
}

export const bench = {
  groups: (quick: boolean): readonly Group[] => {
    const group = (name: string, other: string, atLeast: number): Group => {
      const { count, sizeBytes } = workOf(name, quick)
      return { name, amount: (count * sizeBytes) / 1e6, unit: 'MB', contenders: ['this engine', other], goals: [{ id: 'G1', of: 'this engine', against: [other], atLeast }] }
    }
    return [
      group('one blob of 32 MiB', 'crypto.subtle', 0.97), group(`a large blob of ${quick ? 96 : 256} MiB`, 'hash-wasm, streaming', 0.95),
      group(`${quick ? 8 : 16} blobs of 8 MiB together`, 'crypto.subtle, one thread', 1.5),
    ]
  },
  run: async (group: string, contender: string, quick: boolean): Promise<number> => {
    const { count, sizeBytes } = workOf(group, quick)
    const blobs = await freshBlobs(count, sizeBytes)
    return timed(async () => contenders[contender]?.(blobs))
  },
}

Object.assign(globalThis, { bench })
