import { useSync, useSyncStatus } from '@bse/react'
import { useState, type ReactElement } from 'react'
import { placeInUrl, rememberAlbum } from '../engine/room.ts'
import { albumFor, createAlbum, photoImport } from '../page.ts'
import { sync, type Sync } from '../sync.ts'
import { AlbumNav } from './AlbumNav.tsx'
import { AlbumView } from './AlbumView.tsx'
import { Announcer } from './Announcer.tsx'
import { DropTarget } from './DropTarget.tsx'
import { EngineError } from './EngineError.tsx'
import { MessageList } from './MessageList.tsx'
import { QueuePanel } from './QueuePanel.tsx'
import { StorageMeter } from './StorageMeter.tsx'

export function App(): ReactElement {
  const { error } = useSyncStatus<Sync>()
  const albums = useSync(sync.albums.orderBy('createdAt'))
  const [wantedId, setWantedId] = useState(() => placeInUrl().albumId)
  const [isQueueOpen, setQueueOpen] = useState(false)
  const album = albums.data.find(({ id }) => id === wantedId) ?? albums.data[0]
  const show = (id: string): void => {
    rememberAlbum(id)
    setWantedId(id)
  }
  const addPhotos = (files: readonly File[]): void => {
    if (files.length === 0) return
    const id = albumFor(album?.id)
    show(id)
    photoImport.add(files, id)
  }
  if (error !== undefined) return <EngineError error={error} />
  return (
    <div className={isQueueOpen ? 'app has-queue' : 'app'}>
      <header className="brand">
        <img src="/icon.svg" alt="" width="28" height="28" />
        <span>Family photos</span>
      </header>
      <AlbumNav albums={albums.data} current={album?.id} onPick={show} onCreate={() => show(createAlbum('New album'))} />
      <main className="main">
        {!albums.isLoading && (
          <AlbumView
            key={album?.id ?? 'none'} album={album} onFiles={addPhotos}
            isQueueOpen={isQueueOpen} onToggleQueue={() => setQueueOpen(!isQueueOpen)}
          />
        )}
      </main>
      {isQueueOpen && <QueuePanel onClose={() => setQueueOpen(false)} />}
      <footer className="footer">
        <StorageMeter />
      </footer>
      <DropTarget onFiles={addPhotos} />
      <MessageList />
      <Announcer />
    </div>
  )
}
