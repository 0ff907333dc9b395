import type { LiveOptions, LiveSnapshot, LiveSource } from '@bse/core'
import { useCallback, useSyncExternalStore } from 'react'

/**
 * The rows of a query and the URLs of their blobs, kept up to date while the component is mounted.
 *
 * `blobUrls` has an entry for every row in `data`, in the same render: an object URL, a placeholder that an `<img>` shows
 * as nothing while the bytes are not here, or `undefined` where the row has no blob. A query that is written anew in each
 * render is fine: an equal one does not subscribe again. On a server and while hydrating there are no rows yet.
 */
export function useSync<Row, BlobColumn extends string, Column extends BlobColumn = never>(
  source: LiveSource<Row, BlobColumn>,
  options: LiveOptions<Column> = {},
): LiveSnapshot<Row, Column> {
  // The engine shares live queries by key: the same object from render to render, and another one for another engine.
  const live = source.live(options)
  const subscribe = useCallback((listener: () => void) => live.subscribe(listener), [live])
  const getSnapshot = useCallback(() => live.getSnapshot(), [live])
  return useSyncExternalStore<LiveSnapshot<Row, Column>>(subscribe, getSnapshot, serverSnapshot)
}

type EmptySnapshot = LiveSnapshot<never, never> & { readonly blobUrls: { readonly [rowId: string]: never } }

const SERVER_SNAPSHOT: EmptySnapshot = Object.freeze({ data: [], blobUrls: {}, isLoading: true, error: undefined })

function serverSnapshot(): EmptySnapshot {
  return SERVER_SNAPSHOT
}
