import { useSync, useSyncStatus } from '@bse/react'
import { useEffect, useRef, type KeyboardEvent, type ReactElement } from 'react'
import { pendingByPhoto, photoState } from '../state/photo-state.ts'
import { bytes, day, nameOf } from '../state/words.ts'
import { attempt } from '../page.ts'
import { sync, type Photo, type Sync } from '../sync.ts'
import { DeletePhoto } from './DeletePhoto.tsx'
import { Icon } from './icons.tsx'
import { InlineText } from './InlineText.tsx'
import { ParkedNote } from './ParkedNote.tsx'
import { Picture } from './Picture.tsx'
import { StateLine } from './StateLine.tsx'
import { VoiceNote } from './VoiceNote.tsx'

export interface LightboxProps {
  readonly photos: readonly Photo[]
  readonly id: string
  readonly onShow: (id: string) => void
  readonly onClose: () => void
}

/** One photo, as large as it fits. A modal dialog: Escape closes it, and the focus goes back to where it was. */
export function Lightbox({ photos, id, onShow, onClose }: LightboxProps): ReactElement | null {
  const dialog = useRef<HTMLDialogElement>(null)
  const { data: [photo], blobUrls } = useSync(sync.photos.where({ id }), { includeBlobs: ['image', 'audio'] })
  const index = photos.findIndex((one) => one.id === id)
  const [before, after] = [photos[index - 1], photos[index + 1]]
  useEffect(() => {
    if (dialog.current?.open === false) dialog.current.showModal()
  }, [])
  const isGone = photo === undefined
  useEffect(() => {
    if (isGone) onClose()
  }, [isGone, onClose])
  const onKeyDown = (event: KeyboardEvent): void => {
    if (event.target instanceof HTMLInputElement || event.target instanceof HTMLAudioElement) return
    const next = event.key === 'ArrowLeft' ? before : event.key === 'ArrowRight' ? after : undefined
    if (next !== undefined) onShow(next.id)
  }
  return (
    <dialog ref={dialog} className="lightbox" aria-label={photo === undefined ? 'Photo' : nameOf(photo)} onClose={onClose} onKeyDown={onKeyDown}>
      <div className="stage">
        {photo !== undefined && <Picture photo={photo} url={blobUrls[photo.id]?.image} />}
        <button type="button" className="round close" aria-label="Close" onClick={() => dialog.current?.close()}><Icon name="close" /></button>
        <button type="button" className="round before" aria-label="Photo before" disabled={before === undefined} onClick={() => before && onShow(before.id)}><Icon name="left" /></button>
        <button type="button" className="round after" aria-label="Photo after" disabled={after === undefined} onClick={() => after && onShow(after.id)}><Icon name="right" /></button>
      </div>
      {photo !== undefined && <Details key={photo.id} photo={photo} audioUrl={blobUrls[photo.id]?.audio} onDelete={() => (after ?? before) && onShow((after ?? before)?.id ?? id)} />}
    </dialog>
  )
}

function Details({ photo, audioUrl, onDelete }: { readonly photo: Photo; readonly audioUrl: string | undefined; readonly onDelete: () => void }): ReactElement {
  const status = useSyncStatus<Sync>()
  const state = photoState(photo, pendingByPhoto(status.pending).get(photo.id) ?? [], status)
  const name = nameOf(photo)
  return (
    <div className="details">
      <InlineText
        className="caption" label={`Caption of ${name}`} placeholder="Add a caption" value={photo.caption}
        onCommit={(caption) => attempt('Changing the caption', sync.photos.update(photo.id, { caption }))}
      />
      <p className="facts">
        {day(photo.takenAt)}
        {photo.width !== null && photo.height !== null && <span>{photo.width} × {photo.height}</span>}
        <span>{bytes(photo.image.sizeBytes)}</span>
      </p>
      <StateLine state={state} />
      <ParkedNote state={state} name={name} />
      <VoiceNote photo={photo} url={audioUrl} />
      <p className="hash" title="The name of the bytes: the SHA-256 of the file">{photo.image.hash.startsWith('pending:') ? 'being hashed' : photo.image.hash}</p>
      <DeletePhoto id={photo.id} name={name} isLabelled onDeleted={onDelete} />
    </div>
  )
}
