import { copyFile, open, type FileHandle } from 'node:fs/promises'
import { dirname } from 'node:path'
import { applyUpdate, Doc, encodeStateAsUpdate } from 'yjs'
import type { Logger } from '@bse/core/provider'
import { encodeRecord, readRecords, replaceRecords, syncDirectory, writeWhole } from './record-file.ts'

const COMPACT_ABOVE_BYTES = 1_000_000
const COMPACT_ABOVE_RECORDS = 1_000

interface Waiting {
  readonly update: Uint8Array
  readonly done: PromiseWithResolvers<void>
}

/**
 * One document on disk: its updates one behind the other. An update is appended and synced before anybody is told that the
 * server has it; updates that arrive meanwhile share the next sync. Now and then the file is rewritten as one update.
 */
export class DocumentLog {
  readonly #path: string
  readonly #logger: Logger | undefined
  #handle: FileHandle | undefined
  #endBytes = 0
  #records = 0
  #compactedBytes = 0
  #waiting: Waiting[] = []
  #tail: Promise<unknown> = Promise.resolve()
  #jobs = 0

  constructor(path: string, logger: Logger | undefined) {
    this.#path = path
    this.#logger = logger
  }

  get isIdle(): boolean {
    return this.#jobs === 0
  }

  /** All that was ever appended, as one update. Rewrites the file where that pays, or where a part is unreadable. */
  load(): Promise<Uint8Array> {
    return this.#run(async () => {
      await this.#release()
      const content = await readRecords(this.#path)
      const { state, isWhole } = merge(content.records)
      const isBroken = !isWhole || content.sizeBytes !== content.endBytes
      if (isBroken) await this.#putAside()
      if (isBroken || content.records.length > 1) await replaceRecords(this.#path, [state])
      this.#compactedBytes = state.length
      return state
    })
  }

  /** Resolves once a power cut cannot take it back. */
  append(update: Uint8Array): Promise<void> {
    const waiting: Waiting = { update, done: Promise.withResolvers<void>() }
    this.#waiting.push(waiting)
    if (this.#waiting.length === 1) void this.#run(() => this.#flush())
    return waiting.done.promise
  }

  /** Closes the file after all that was appended; a later call opens it again. */
  close(): Promise<void> {
    return this.#run(() => this.#release())
  }

  #run<T>(job: () => Promise<T>): Promise<T> {
    this.#jobs += 1
    const result = this.#tail.then(job).finally(() => {
      this.#jobs -= 1
    })
    this.#tail = result.catch(() => undefined)
    return result
  }

  async #flush(): Promise<void> {
    const group = this.#waiting
    this.#waiting = []
    try {
      await this.#write(group.map(({ update }) => update))
    } catch (error) {
      await this.#release()
      for (const { done } of group) done.reject(error)
      return
    }
    for (const { done } of group) done.resolve()
    if (this.#isDueForCompaction) await this.#compact()
  }

  async #write(updates: readonly Uint8Array[]): Promise<void> {
    this.#handle ??= await this.#open()
    const bytes = Buffer.concat(updates.map(encodeRecord))
    try {
      await writeWhole(this.#handle, bytes)
      await this.#handle.datasync()
    } catch (error) {
      // Half a record would hide every later one.
      await this.#handle.truncate(this.#endBytes)
      throw error
    }
    this.#endBytes += bytes.length
    this.#records += updates.length
  }

  /** For appending behind the last whole record. */
  async #open(): Promise<FileHandle> {
    const { endBytes, records } = await readRecords(this.#path)
    const handle = await open(this.#path, 'a')
    await handle.truncate(endBytes)
    if (endBytes === 0) await syncDirectory(dirname(this.#path))
    this.#endBytes = endBytes
    this.#records = records.length
    return handle
  }

  get #isDueForCompaction(): boolean {
    return this.#records > COMPACT_ABOVE_RECORDS || this.#endBytes > Math.max(COMPACT_ABOVE_BYTES, 2 * this.#compactedBytes)
  }

  /** From the file alone: what is in it but not yet in the live document must stay in it. */
  async #compact(): Promise<void> {
    try {
      await this.#release()
      const { state, isWhole } = merge((await readRecords(this.#path)).records)
      if (!isWhole) await this.#putAside()
      await replaceRecords(this.#path, [state])
      this.#compactedBytes = state.length
    } catch (error) {
      this.#logger?.warn('rows: a document could not be compacted', { error: String(error) })
    }
  }

  async #putAside(): Promise<void> {
    const copy = `${this.#path}.broken-${Date.now()}`
    await copyFile(this.#path, copy)
    this.#logger?.error('rows: a part of a document file is unreadable; a copy was kept', { copy: copy.slice(dirname(copy).length + 1) })
  }

  async #release(): Promise<void> {
    const handle = this.#handle
    this.#handle = undefined
    await handle?.close()
  }
}

/** Through a document, since merging updates alone never forgets overwritten values. */
function merge(records: readonly Uint8Array[]): { readonly state: Uint8Array; readonly isWhole: boolean } {
  const doc = new Doc()
  const applied = records.map((record) => tryApply(doc, record))
  const state = encodeStateAsUpdate(doc)
  doc.destroy()
  return { state, isWhole: !applied.includes(false) }
}

/** A client can make an update that decodes and yet does not apply: it must not close the document for everybody. */
function tryApply(doc: Doc, update: Uint8Array): boolean {
  try {
    applyUpdate(doc, update)
    return true
  } catch {
    return false
  }
}
