import type { ReactElement } from 'react'
import { Icon } from './icons.tsx'

export function EmptyAlbum(): ReactElement {
  return (
    <section className="empty" aria-label="Empty album">
      <div className="empty-frames" aria-hidden="true">
        <span /><span /><span />
      </div>
      <h2><Icon name="photo" /> Drop photos anywhere</h2>
      <p>Or paste them, or press “Add<span className="wide-only"> photos</span>”. They are kept on this device first, with or without a network, and sent when there is one.</p>
    </section>
  )
}
