import type { RowWire } from '../wire/mutation-wire.ts'

/** One pending write of a row, as shown on top of what the server said. */
export interface OverlayLayer {
  readonly kind: 'insert' | 'update' | 'upsert' | 'delete'
  readonly values: RowWire
  /** Shown, and not durable yet: a failed ingest takes it back. */
  readonly provisional: boolean
}

/** `base` replaces what the server said of a row (`undefined`: it has none), `overlay` its pending writes, oldest first. */
export type StoreChange =
  | { readonly is: 'base'; readonly table: string; readonly rowId: string; readonly row: RowWire | undefined }
  | { readonly is: 'overlay'; readonly table: string; readonly rowId: string; readonly layers: readonly OverlayLayer[] }
