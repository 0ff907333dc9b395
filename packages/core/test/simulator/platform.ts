import { createHash } from 'node:crypto'
import { createHasher } from '../../src/hash/index.ts'
import { SimBlob, SimFile } from './sim-blob.ts'

/** The platform's macrotasks, held in one queue. */
export interface Platform {
  /** Runs everything that can run without time passing. Afterwards nothing is under way but what waits for the clock. */
  drain(): Promise<void>
  restore(): void
}

const realImmediate = globalThis.setImmediate

/**
 * Puts deterministic parts in the place of what Node does in other threads or in an order of its own: blobs, digests, and the
 * turns that Effect's scheduler takes. Promises are left as they are: within one thread their order is given.
 */
export async function installPlatform(): Promise<Platform> {
  // The first one compiles WebAssembly in another thread; later ones are made in this one.
  await createHasher()
  const turns = new Set<{ readonly run: () => void }>()
  const globals: Record<string, unknown> = {
    Blob: SimBlob,
    File: SimFile,
    setImmediate: (run: () => void) => {
      const turn = { run }
      turns.add(turn)
      return turn
    },
    clearImmediate: (turn: { readonly run: () => void }) => void turns.delete(turn),
  }
  const restore = [...Object.entries(globals).map(([name, value]) => replace(globalThis, name, value)), replace(globalThis.crypto, 'subtle', { digest })]
  return {
    drain: async () => {
      do {
        for (const turn of [...turns]) {
          if (turns.delete(turn)) turn.run()
        }
        // All promise jobs are done when this comes: a macrotask of the real platform.
        await new Promise<void>((resolve) => void realImmediate(resolve))
      } while (turns.size > 0)
    },
    restore: () => restore.forEach((undo) => undo()),
  }
}

async function digest(_algorithm: string, bytes: ArrayBuffer): Promise<ArrayBuffer> {
  return new Uint8Array(createHash('sha256').update(new Uint8Array(bytes)).digest()).buffer
}

function replace(target: object, name: string, value: unknown): () => void {
  const before = Object.getOwnPropertyDescriptor(target, name)
  Object.defineProperty(target, name, { value, configurable: true, writable: true })
  return () => {
    if (before === undefined) Reflect.deleteProperty(target, name)
    else Object.defineProperty(target, name, before)
  }
}
