import type { ReactElement } from 'react'
import { useNetworkSwitch } from '../state/use-sync-summary.ts'
import { network } from '../sync.ts'

export function OnlineSwitch(): ReactElement {
  const isOn = useNetworkSwitch()
  return (
    <button type="button" role="switch" className="switch" data-testid="online-switch" aria-checked={isOn} aria-label={`Network: ${isOn ? 'Online' : 'Offline'}`} onClick={() => network.set(!isOn)}>
      <span className="track" aria-hidden="true" />
      {isOn ? 'Online' : 'Offline'}
    </button>
  )
}
