import type { ReactElement, ReactNode } from 'react'
import { useSyncSummary, type SyncSummary } from '../state/use-sync-summary.ts'
import { Icon, type IconName } from './icons.tsx'
import { OnlineSwitch } from './OnlineSwitch.tsx'
import { PickPhotos } from './PickPhotos.tsx'

const ICONS: Readonly<Record<SyncSummary['is'], IconName>> = { synced: 'check', importing: 'device', uploading: 'up', waiting: 'device', paused: 'device', parked: 'alert' }

export interface ToolbarProps {
  readonly onFiles: (files: readonly File[]) => void
  readonly isQueueOpen: boolean
  readonly onToggleQueue: () => void
  readonly children: ReactNode
}

export function Toolbar({ onFiles, isQueueOpen, onToggleQueue, children }: ToolbarProps): ReactElement {
  const { is, text, count } = useSyncSummary()
  return (
    <div className="toolbar">
      <div className="heading">{children}</div>
      <div className="tools">
        <OnlineSwitch />
        <button
          type="button" className={`pill is-${is}`} data-testid="pending-count" data-count={count} data-state={is}
          aria-expanded={isQueueOpen} aria-label={`${text}. ${isQueueOpen ? 'Hide' : 'Show'} the queue`} onClick={onToggleQueue}
        >
          <Icon name={ICONS[is]} /> {text}
        </button>
        <PickPhotos onFiles={onFiles} />
      </div>
    </div>
  )
}
