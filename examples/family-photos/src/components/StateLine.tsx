import type { ReactElement } from 'react'
import { STATE_WORDS, type PhotoState } from '../state/photo-state.ts'
import { Icon, type IconName } from './icons.tsx'

const ICONS: Readonly<Record<PhotoState['is'], IconName>> = { saving: 'device', saved: 'device', paused: 'device', uploading: 'up', synced: 'check', parked: 'alert' }

function wordsFor(state: PhotoState): string {
  if (state.is !== 'uploading') return STATE_WORDS[state.is]
  return state.percent === 100 ? 'Finishing' : `${STATE_WORDS.uploading} ${state.percent} %`
}

/** Where the photo is, in words. */
export function StateLine({ state }: { readonly state: PhotoState }): ReactElement {
  return (
    <p className={`state is-${state.is}`}>
      <Icon name={ICONS[state.is]} />
      <span>{wordsFor(state)}</span>
    </p>
  )
}
