import { useSyncStatus } from '@bse/react'
import { useEffect, useEffectEvent, useRef, type ReactElement } from 'react'
import { pendingByPhoto, photoState } from '../state/photo-state.ts'
import type { Photo, Sync } from '../sync.ts'
import { PhotoTile } from './PhotoTile.tsx'

export interface PhotoGridProps {
  readonly photos: readonly Photo[]
  readonly urls: { readonly [photoId: string]: { readonly image: string | undefined } }
  readonly onOpen: (id: string) => void
  /** The end comes into view, and there is more. */
  readonly onEnd: (() => void) | undefined
}

export function PhotoGrid({ photos, urls, onOpen, onEnd }: PhotoGridProps): ReactElement {
  const status = useSyncStatus<Sync>()
  const pending = pendingByPhoto(status.pending)
  return (
    <>
      <ul className="grid" aria-label="Photos">
        {photos.map((photo) => (
          <PhotoTile key={photo.id} photo={photo} url={urls[photo.id]?.image} state={photoState(photo, pending.get(photo.id) ?? [], status)} onOpen={onOpen} />
        ))}
      </ul>
      {onEnd !== undefined && <GridEnd key={photos.length} onSeen={onEnd} />}
    </>
  )
}

function GridEnd({ onSeen }: { readonly onSeen: () => void }): ReactElement {
  const mark = useRef<HTMLDivElement>(null)
  const seen = useEffectEvent(onSeen)
  useEffect(() => {
    const watching = new IntersectionObserver((entries) => {
      if (entries.some((entry) => entry.isIntersecting)) seen()
    }, { rootMargin: '600px' })
    if (mark.current !== null) watching.observe(mark.current)
    return () => watching.disconnect()
  }, [])
  return <div ref={mark} className="grid-end" />
}
