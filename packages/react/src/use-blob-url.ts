import { PLACEHOLDER_URL, type BlobHash, type BlobRef, type BlobSnapshot, type LiveBlob } from '@bse/core'
import { useCallback, useMemo, useSyncExternalStore } from 'react'
import { useEngineOr } from './engine-context.ts'

/** What `useBlobUrl` needs of an engine. */
export interface EngineWithBlobs {
  readonly blobs: { live(ref: BlobRef | BlobHash): LiveBlob }
}

export interface BlobUrlOptions {
  /** Default: the engine of the provider. */
  readonly engine?: EngineWithBlobs | undefined
  /** False: nothing is asked for yet, and what was asked for is let go. Default: true. */
  readonly isWanted?: boolean
}

export interface BlobUrl {
  /** An object URL, valid while the component is mounted; `PLACEHOLDER_URL` until then; `undefined` where there is no blob. */
  readonly url: string | undefined
  /** `empty` where there is no blob. `missing`: nobody has the bytes now. They are asked for again when the network or the bytes come. */
  readonly state: BlobSnapshot['state'] | 'empty'
  /** Asks for missing bytes now. */
  readonly retry: () => void
}

/**
 * The URL of one blob: of a row's cell, which may be empty. A reference that is written anew in each render is fine.
 *
 * @throws Error when no engine is given and there is no provider above.
 */
export function useBlobUrl(ref: BlobRef | BlobHash | null | undefined, { engine, isWanted = true }: BlobUrlOptions = {}): BlobUrl {
  const { blobs } = useEngineOr<EngineWithBlobs>(engine)
  const live = useLiveBlob(blobs, ref)
  const subscribe = useCallback((listener: () => void) => (isWanted ? live?.subscribe(listener) : undefined) ?? nothing, [live, isWanted])
  const getSnapshot = useCallback(() => (isWanted ? live?.getSnapshot() : undefined) ?? LOADING, [live, isWanted])
  const { url, state } = useSyncExternalStore(subscribe, getSnapshot, serverSnapshot)
  const retry = useCallback(() => live?.retry(), [live])
  return useMemo(() => (live === undefined ? { url: undefined, state: 'empty', retry } : { url, state, retry }), [live, url, state, retry])
}

/** The same object as long as the reference names the same bytes under the same type. */
function useLiveBlob(blobs: EngineWithBlobs['blobs'], ref: BlobRef | BlobHash | null | undefined): LiveBlob | undefined {
  const given = typeof ref === 'string' ? { hash: ref, sizeBytes: undefined, type: undefined } : ref
  const { hash, sizeBytes, type } = given ?? {}
  return useMemo(() => {
    if (hash === undefined) return undefined
    return blobs.live(sizeBytes === undefined || type === undefined ? hash : { hash, sizeBytes, type })
  }, [blobs, hash, sizeBytes, type])
}

const LOADING: BlobSnapshot = Object.freeze({ url: PLACEHOLDER_URL, state: 'loading' })

function serverSnapshot(): BlobSnapshot {
  return LOADING
}

function nothing(): void {
  // There is nothing to take back.
}
