import { useSync, useSyncStatus } from '@bse/react'
import type { ReactElement } from 'react'
import { attempt } from '../page.ts'
import { queueLines, type QueueLine } from '../state/queue-lines.ts'
import { useNetworkSwitch } from '../state/use-sync-summary.ts'
import { bytes, nameOf } from '../state/words.ts'
import { sync, type Sync } from '../sync.ts'
import { Icon } from './icons.tsx'

const SHOWN = 40

/** Everything that no server has yet, and why. */
export function QueuePanel({ onClose }: { readonly onClose: () => void }): ReactElement {
  const { online, pending } = useSyncStatus<Sync>()
  const isOn = useNetworkSwitch()
  const ids = [...new Set(pending.flatMap((item) => (item.type === 'upload' ? item.rows.map((cell) => cell.id) : [item.rowId])))].slice(0, SHOWN * 2)
  const photos = useSync(sync.photos.where({ id: { in: ids } })).data
  const albums = useSync(sync.albums.where({ id: { in: ids } })).data
  const names = new Map([...photos.map((photo) => [photo.id, nameOf(photo)] as const), ...albums.map((album) => [album.id, album.title] as const)])
  const lines = queueLines(pending.slice(0, SHOWN), online && isOn, (id) => names.get(id))
  const left = pending.reduce((sum, item) => sum + (item.type === 'upload' ? item.size * (1 - item.progress) : 0), 0)
  const parkedIds = pending.filter(({ state }) => state === 'parked').map(({ id }) => id)
  return (
    <aside className="queue" aria-label="Queue" data-testid="queue" onKeyDown={(event) => event.key === 'Escape' && onClose()}>
      <header>
        <h2>Not with the server yet</h2>
        <button type="button" className="icon-button" aria-label="Close the queue" onClick={onClose}><Icon name="close" /></button>
      </header>
      <p className="queue-sum">{pending.length === 0 ? 'Everything is synced.' : `${bytes(left)} to send. All of it is safe on this device.`}</p>
      {parkedIds.length > 1 && <button type="button" className="small queue-all" onClick={() => parkedIds.forEach(retry)}>Retry all {parkedIds.length}</button>}
      <ul>
        {lines.map((line) => <QueueItem key={line.key} line={line} />)}
        {pending.length > SHOWN && <li className="queue-more">and {pending.length - SHOWN} more</li>}
      </ul>
    </aside>
  )
}

function retry(id: string): void {
  attempt('Trying again', sync.offline.retry(id))
}

function QueueItem({ line: { what, why, percent, retryId } }: { readonly line: QueueLine }): ReactElement {
  return (
    <li className={retryId === undefined ? undefined : 'is-parked'}>
      <p className="queue-what">{what}</p>
      <p className="queue-why">{why}</p>
      {percent !== undefined && <progress aria-label={what} max={100} value={percent} />}
      {retryId !== undefined && <button type="button" className="small" onClick={() => retry(retryId)}>Retry</button>}
    </li>
  )
}
