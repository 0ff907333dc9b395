import { useSyncStatus } from '@bse/react'
import type { ReactElement } from 'react'
import { messages } from '../page.ts'
import { useStorage } from '../state/storage.ts'
import { bytes } from '../state/words.ts'
import type { Sync } from '../sync.ts'

export function StorageMeter(): ReactElement {
  const { durable, pending } = useSyncStatus<Sync>()
  const storage = useStorage(pending.length)
  return (
    <section className="storage" data-testid="storage-meter" aria-label="Storage on this device" data-persistent={storage?.isPersistent} data-durable={durable}>
      <p className="storage-line">
        <span>Storage</span>
        <span>{storage === undefined ? '…' : `${bytes(storage.usedBytes)} of ${bytes(storage.quotaBytes)}`}</span>
      </p>
      <meter aria-label="Space used" min={0} max={storage?.quotaBytes ?? 1} value={storage?.usedBytes ?? 0} />
      {durable === false && <p className="storage-warning">Nothing survives closing this window.</p>}
      {storage?.isPersistent === true && <p>The browser keeps it until you delete it.</p>}
      {storage?.isPersistent === false && (
        <p>
          The browser may clear it when space gets scarce.{' '}
          <button type="button" className="text-button" onClick={() => void askToPersist()}>Keep it</button>
        </p>
      )}
    </section>
  )
}

/** Some browsers ask the person, some decide by themselves, and one may never answer: nobody waits for it. */
async function askToPersist(): Promise<void> {
  const granted = await navigator.storage.persist()
  messages.notice(granted ? 'The browser will keep your photos.' : 'The browser did not agree. Installing this app, or a bookmark, may help.')
}
