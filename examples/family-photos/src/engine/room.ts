const DEFAULT_ROOM = 'family'

/** Which family's photos, and which of its albums: `#<room>/<album id>`. Both may be left out. */
export interface Place {
  readonly room: string
  readonly albumId: string | undefined
}

export function placeInUrl(): Place {
  const [room = '', albumId = ''] = decodeURIComponent(location.hash.slice(1)).split('/')
  return { room: /^[A-Za-z0-9][A-Za-z0-9._-]{0,39}$/.test(room) ? room : DEFAULT_ROOM, albumId: albumId === '' ? undefined : albumId }
}

export function rememberAlbum(albumId: string): void {
  history.replaceState(history.state, '', `${location.pathname}${location.search}#${placeInUrl().room}/${albumId}`)
}

/** Names what is stored on this device: each room has an engine's storage of its own. */
export function engineName(room: string): string {
  return room === DEFAULT_ROOM ? 'family-photos' : `family-photos.${room}`
}
