import { PLACEHOLDER_URL } from '@bse/core'
import { useState, type ReactElement } from 'react'
import { nameOf } from '../state/words.ts'
import type { Photo } from '../sync.ts'
import { Icon } from './icons.tsx'

/** The photo in a box that has its size before the first byte is here. */
export function Picture({ photo, url }: { readonly photo: Photo; readonly url: string | undefined }): ReactElement {
  const [brokenUrl, setBrokenUrl] = useState<string>()
  const name = nameOf(photo)
  if (url !== undefined && url === brokenUrl) {
    return <span className="unreadable"><Icon name="photo" />{name}<small>This browser cannot show {photo.image.type}</small></span>
  }
  return (
    <img
      className={url === PLACEHOLDER_URL ? 'is-missing' : undefined} src={url ?? PLACEHOLDER_URL} alt={name} loading="lazy" decoding="async"
      width={photo.width ?? undefined} height={photo.height ?? undefined} onError={() => setBrokenUrl(url)}
    />
  )
}
