import { memo, type ReactElement } from 'react'
import { attempt } from '../page.ts'
import type { PhotoState } from '../state/photo-state.ts'
import { nameOf } from '../state/words.ts'
import { sync, type Photo } from '../sync.ts'
import { DeletePhoto } from './DeletePhoto.tsx'
import { Icon } from './icons.tsx'
import { InlineText } from './InlineText.tsx'
import { ParkedNote } from './ParkedNote.tsx'
import { Picture } from './Picture.tsx'
import { StateLine } from './StateLine.tsx'

export interface PhotoTileProps {
  readonly photo: Photo
  readonly url: string | undefined
  readonly state: PhotoState
  readonly onOpen: (id: string) => void
}

function Tile({ photo, url, state, onOpen }: PhotoTileProps): ReactElement {
  const name = nameOf(photo)
  return (
    <li className={`tile is-${state.is}`} data-testid="photo" data-photo-id={photo.id} data-state={state.is} data-hash={photo.image.hash}>
      <div className="frame">
        <button type="button" className="picture" aria-label={`Open ${name}`} onClick={() => onOpen(photo.id)}>
          <Picture photo={photo} url={url} />
        </button>
        {state.is === 'uploading' && <span className="progress"><span style={{ transform: `scaleX(${state.percent / 100})` }} /></span>}
        <ParkedNote state={state} name={name} />
      </div>
      <InlineText
        className="caption" label={`Caption of ${name}`} placeholder="Add a caption" value={photo.caption}
        onCommit={(caption) => attempt('Changing the caption', sync.photos.update(photo.id, { caption }))}
      />
      <div className="tile-foot">
        <StateLine state={state} />
        <button type="button" className="icon-button" aria-label={`${photo.audio === null ? 'Add a voice note to' : 'Voice note of'} ${name}`} data-has-audio={photo.audio !== null} onClick={() => onOpen(photo.id)}>
          <Icon name={photo.audio === null ? 'mic' : 'note'} />
        </button>
        <DeletePhoto id={photo.id} name={name} />
      </div>
    </li>
  )
}

/** Progress of one upload is no reason to render all the others. */
export const PhotoTile: typeof Tile = memo(Tile, (last, next) =>
  last.photo === next.photo && last.url === next.url && last.onOpen === next.onOpen && JSON.stringify(last.state) === JSON.stringify(next.state)) as unknown as typeof Tile
