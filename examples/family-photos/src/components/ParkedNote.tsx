import type { ReactElement } from 'react'
import { attempt } from '../page.ts'
import type { PhotoState } from '../state/photo-state.ts'
import { sync } from '../sync.ts'

/** Why a photo is not sent, and a way on. Nothing for photos that need nobody. */
export function ParkedNote({ state, name }: { readonly state: PhotoState; readonly name: string }): ReactElement | null {
  if (state.is !== 'parked') return null
  const retry = (): void => state.ids.forEach((id) => attempt('Trying again', sync.offline.retry(id)))
  return (
    <div className="parked">
      <p>{state.reason}</p>
      {state.ids.length > 0 && <button type="button" className="small" data-testid="retry" aria-label={`Retry ${name}`} onClick={retry}>Retry</button>}
    </div>
  )
}
