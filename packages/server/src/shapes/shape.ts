import { selectedColumns, type ShapeDefinition } from './definition.ts'
import type { Table } from './catalog.ts'
import type { MessageShape } from './change-messages.ts'
import type { Offset } from './offset.ts'
import { compareOffsets } from './offset.ts'
import type { LogEntry, ShapeLog } from './shape-log.ts'
import type { DatabaseSnapshot } from './visibility.ts'

export interface ShapeRecord {
  /** As stored. */
  readonly id: string
  readonly handle: string
  readonly definition: ShapeDefinition
  /** The columns of the table when the snapshot was made. */
  readonly tableColumns: readonly string[]
  readonly key: readonly string[]
  readonly snapshot: DatabaseSnapshot
  readonly chunkCount: number
}

/** A shape that is followed: a frozen snapshot, the log since, and who waits for more. */
export class Shape {
  readonly record: ShapeRecord
  readonly log: ShapeLog
  readonly #waiting = new Set<() => void>()
  readonly #onWait: () => void
  #isRetired = false
  #isClosing = false
  lastUsedMs: number = Date.now()

  constructor(record: ShapeRecord, log: ShapeLog, onWait: () => void) {
    this.record = record
    this.log = log
    this.#onWait = onWait
  }

  get isRetired(): boolean {
    return this.#isRetired
  }

  /** The server stops: nobody waits any longer, and the shape will be there after its next start. */
  get isClosing(): boolean {
    return this.#isClosing
  }

  get waitingCount(): number {
    return this.#waiting.size
  }

  messageShape(table: Pick<Table, 'columns'>): MessageShape {
    const { definition, key } = this.record
    const selected = selectedColumns(definition, table as Table)
    return { schema: definition.schema, table: definition.table, key, selected, replica: definition.replica }
  }

  publish(entries: readonly LogEntry[]): void {
    this.log.append(entries)
    this.#wake()
  }

  /** Its rows can no longer be followed. Who waits is told, who comes is sent to a new one. */
  retire(): void {
    this.#isRetired = true
    this.#wake()
  }

  release(): void {
    this.#isClosing = true
    this.#wake()
  }

  /** Resolves when there is something after `offset`, when the shape is retired or released, or after `timeoutMs`. */
  async changed(offset: Offset, timeoutMs: number, signal: AbortSignal): Promise<void> {
    if (this.#isRetired || this.#isClosing || compareOffsets(this.log.end, offset) > 0) return
    signal.throwIfAborted()
    const { promise, resolve } = Promise.withResolvers<void>()
    const timer = setTimeout(resolve, timeoutMs)
    this.#waiting.add(resolve)
    this.#onWait()
    signal.addEventListener('abort', () => resolve(), { once: true })
    await promise
    clearTimeout(timer)
    this.#waiting.delete(resolve)
    signal.throwIfAborted()
  }

  #wake(): void {
    const waiting = [...this.#waiting]
    this.#waiting.clear()
    for (const wake of waiting) wake()
  }
}
