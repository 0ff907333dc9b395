import { useState, type ReactElement } from 'react'
import { attempt } from '../page.ts'
import { sync } from '../sync.ts'
import { Icon } from './icons.tsx'

export interface DeletePhotoProps {
  readonly id: string
  readonly name: string
  /** Shows the word beside the icon. */
  readonly isLabelled?: boolean
  readonly onDeleted?: () => void
}

/** Asks by its own label: the second press deletes, for everybody; going elsewhere takes the first one back. */
export function DeletePhoto({ id, name, isLabelled = false, onDeleted }: DeletePhotoProps): ReactElement {
  const [isAsking, setAsking] = useState(false)
  const press = (): void => {
    if (!isAsking) return setAsking(true)
    onDeleted?.()
    attempt('Deleting the photo', sync.photos.delete(id))
  }
  return (
    <button
      type="button" className={isAsking ? 'icon-button is-asking' : 'icon-button'} data-testid="delete" aria-label={isAsking ? `Really delete ${name}?` : `Delete ${name}`}
      onClick={press} onBlur={() => setAsking(false)} onKeyDown={(event) => event.key === 'Escape' && setAsking(false)}
    >
      <Icon name="bin" />{isAsking ? 'Delete?' : isLabelled && 'Delete'}
    </button>
  )
}
