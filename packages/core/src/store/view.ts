import type { RowWire } from '../wire/mutation-wire.ts'
import type { OverlayLayer } from './changes.ts'

/**
 * A row as the person sees it: the server's row with pending writes in order. An insert of a row that is there already
 * (the server was faster) merges; an update of a row that is not there shows nothing.
 */
export function viewOf(base: RowWire | undefined, layers: readonly OverlayLayer[] | undefined): RowWire | undefined {
  let view = base
  for (const { kind, values } of layers ?? []) {
    if (kind === 'delete') view = undefined
    else if (kind !== 'update' || view !== undefined) view = { ...view, ...values }
  }
  return view
}
