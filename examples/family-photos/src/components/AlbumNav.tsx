import type { ReactElement } from 'react'
import type { Album } from '../sync.ts'
import { Icon } from './icons.tsx'

export interface AlbumNavProps {
  readonly albums: readonly Album[]
  readonly current: string | undefined
  readonly onPick: (id: string) => void
  readonly onCreate: () => void
}

export function AlbumNav({ albums, current, onPick, onCreate }: AlbumNavProps): ReactElement {
  return (
    <nav className="albums" aria-label="Albums">
      <ul>
        {albums.map(({ id, title }) => (
          <li key={id}>
            <button
              type="button" className="album" data-testid="album" data-album-id={id}
              aria-current={id === current ? 'page' : undefined} onClick={() => onPick(id)}
            >
              <span>{title === '' ? 'Untitled' : title}</span>
            </button>
          </li>
        ))}
      </ul>
      <button type="button" className="album new" data-testid="new-album" onClick={onCreate}>
        <Icon name="plus" /> New album
      </button>
    </nav>
  )
}
