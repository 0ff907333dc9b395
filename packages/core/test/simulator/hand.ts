import { tagged, type Op } from './history.ts'
import type { Random } from './random.ts'
import { hashNow, SimFile } from './sim-blob.ts'
import { INLINE_MAX_BYTES, type SimTab } from './sim-tab.ts'
import type { SimDevice } from './sim-device.ts'
import type { BlobHash } from '../../src/wire/blob-hash.ts'
import type { BlobRef } from '../../src/wire/blob-ref.ts'
import type { World } from './world.ts'

export type Intent = Pick<Op, 'kind' | 'table' | 'rowId' | 'columns'>

/** Why a write may be refused: no room, the tab closes, the row went away, or what it builds on was refused. */
const REFUSALS: ReadonlySet<string> = new Set(['STORAGE_FULL', 'CLOSED', 'NOT_FOUND', 'DISCARDED', 'DEPENDENCY_FAILED'])

/** What newer code has a record of is not written over. */
const NEWER = 'SCHEMA_TOO_NEW'

/** How a person's writes leave a tab: noted before, and again when the engine has answered. Nothing here waits for it. */
export class Hand {
  readonly #world: World
  readonly #device: SimDevice
  readonly #tab: SimTab
  readonly #random: Random
  /** Which of the few contents all files have; left out, any. */
  readonly #content: number | undefined

  constructor(world: World, device: SimDevice, tab: SimTab, random: Random, content: number | undefined) {
    this.#world = world
    this.#device = device
    this.#tab = tab
    this.#random = random
    this.#content = content
  }

  get nextTag(): number {
    return this.#world.history.nextTag
  }

  write<R extends PromiseLike<unknown>>(intent: Intent, run: () => R): R {
    return this.writeAll([intent], run)
  }

  /** Writes that are answered as one. */
  writeAll<R extends PromiseLike<unknown>>(intents: readonly Intent[], run: () => R): R {
    const ops = intents.map((intent) => this.#begin(intent))
    if (ops.length > 1) this.#world.history.noteBatch(ops)
    const result = run()
    result.then(() => this.#end(ops, 'acknowledged', ''), (error: unknown) => {
      const code = String((error as { readonly code?: unknown }).code)
      const isGood = REFUSALS.has(code) || (code === NEWER && this.#device.strange.size > 0) || (code === 'SIGNED_OUT' && this.#device.signedOutAt > this.#tab.openedAt)
      if (!isGood) this.#world.violation('lost', `${this.#tab.name} refused #${ops[0]?.tag ?? ''} for no good reason: ${String(error)}`)
      // A write that was under way when its tab closed may have been committed.
      this.#end(ops, code === 'CLOSED' || code === 'SIGNED_OUT' ? 'crashed' : 'failed', code)
    })
    return result
  }

  /** One of few contents, so that the same bytes come again; small ones ride in the commit, large ones do not. */
  file(kind: string, tag: number): File {
    const { contents, unique } = this.#world.theme
    const content = this.#content ?? this.#random.int(contents)
    const isUnique = this.#content === undefined && this.#random.chance(unique)
    const bytes = isUnique ? this.#random.bytes(sizeOf(content)) : bytesOf(content)
    return new SimFile([bytes], tagged(kind, tag), { type: 'image/png' }) as unknown as File
  }

  newId(): string {
    const hex = Array.from(this.#random.bytes(16), (byte) => byte.toString(16).padStart(2, '0')).join('')
    return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-4${hex.slice(13, 16)}-8${hex.slice(17, 20)}-${hex.slice(20)}`
  }

  #begin(intent: Intent): Op {
    const op = this.#world.history.begin({ ...intent, where: this.#device.name })
    this.#tab.ops.push(op)
    this.#world.trace(`${this.#tab.name} writes #${op.tag} ${op.kind} ${op.table}/${op.rowId} ${op.columns.join()}`)
    return op
  }

  #end(ops: readonly Op[], outcome: 'acknowledged' | 'crashed' | 'failed', code: string): void {
    for (const op of ops) {
      this.#world.history.end(op, outcome)
      this.#world.trace(`${this.#tab.name} ${outcome} #${op.tag} ${code}`)
    }
  }
}

function sizeOf(content: number): number {
  return content % 3 === 0 ? 20 + content : INLINE_MAX_BYTES + 40 + content
}

function bytesOf(content: number): Uint8Array<ArrayBuffer> {
  return new Uint8Array(sizeOf(content)).fill(content)
}

export function refOfContent(content: number): BlobRef {
  return { hash: hashOfContent(content), sizeBytes: sizeOf(content), type: 'image/png' }
}

export function hashOfContent(content: number): BlobHash {
  return hashNow(bytesOf(content))
}
