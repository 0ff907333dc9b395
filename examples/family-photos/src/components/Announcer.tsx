import { useEffect, useState, type ReactElement } from 'react'
import { useNetworkSwitch, useSyncSummary, type SyncSummary } from '../state/use-sync-summary.ts'

const WORDS: Readonly<Record<SyncSummary['is'], string>> = {
  synced: 'All photos are synced.',
  importing: 'Saving photos on this device.',
  uploading: 'Sending photos.',
  waiting: 'Photos are kept on this device until there is a network.',
  paused: 'Paused. Photos are kept on this device.',
  parked: 'Something could not be sent and needs you.',
}
const SETTLED_MS = 1_000

/** Says in words what the page shows: only when the kind of state changes, and stays so for a moment. */
export function Announcer(): ReactElement {
  const { is } = useSyncSummary()
  const isOn = useNetworkSwitch()
  const [text, setText] = useState('')
  useEffect(() => {
    const timer = setTimeout(() => setText(`${isOn ? '' : 'Offline. '}${WORDS[is]}`), SETTLED_MS)
    return () => clearTimeout(timer)
  }, [is, isOn])
  return <p className="visually-hidden" role="status">{text}</p>
}
