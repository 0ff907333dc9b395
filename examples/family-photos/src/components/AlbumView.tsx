import { useSync } from '@bse/react'
import { useState, type ReactElement } from 'react'
import { attempt } from '../page.ts'
import { counted } from '../state/words.ts'
import { sync, type Album } from '../sync.ts'
import { EmptyAlbum } from './EmptyAlbum.tsx'
import { InlineText } from './InlineText.tsx'
import { Lightbox } from './Lightbox.tsx'
import { PhotoGrid } from './PhotoGrid.tsx'
import { Toolbar } from './Toolbar.tsx'

/** Shown at first, and more each time the end comes into view: an album of thousands opens as fast as one of ten. */
const PAGE = 60

export interface AlbumViewProps {
  readonly album: Album | undefined
  readonly onFiles: (files: readonly File[]) => void
  readonly isQueueOpen: boolean
  readonly onToggleQueue: () => void
}

export function AlbumView({ album, onFiles, isQueueOpen, onToggleQueue }: AlbumViewProps): ReactElement {
  const [limit, setLimit] = useState(PAGE)
  const [openId, setOpenId] = useState<string>()
  const query = sync.photos.where({ albumId: album?.id ?? '' }).orderBy('takenAt').limit(limit)
  const { data, blobUrls, isLoading } = useSync(query, { includeBlobs: ['image'] })
  return (
    <>
      <Toolbar onFiles={onFiles} isQueueOpen={isQueueOpen} onToggleQueue={onToggleQueue}>
        <h1 className="title">
          {album === undefined ? <span className="inline-text">Welcome</span> : (
            <InlineText
              className="title-text" label="Name of the album" placeholder="Name this album" value={album.title}
              onCommit={(title) => attempt('Renaming the album', sync.albums.update(album.id, { title }))}
            />
          )}
        </h1>
        {album !== undefined && <p className="count">{data.length < limit ? counted(data.length, 'photo') : `${limit} photos and more`}</p>}
      </Toolbar>
      {data.length === 0 && !isLoading && <EmptyAlbum />}
      <PhotoGrid photos={data} urls={blobUrls} onOpen={setOpenId} onEnd={data.length < limit ? undefined : () => setLimit(limit + PAGE)} />
      {openId !== undefined && <Lightbox photos={data} id={openId} onShow={setOpenId} onClose={() => setOpenId(undefined)} />}
    </>
  )
}
