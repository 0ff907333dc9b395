import { SyncProvider } from '@bse/react'
import { StrictMode } from 'react'
import { createRoot } from 'react-dom/client'
import { registerSW } from 'virtual:pwa-register'
import { App } from './components/App.tsx'
import { messages } from './page.ts'
import { sync } from './sync.ts'
import './styles/base.css'
import './styles/layout.css'
import './styles/grid.css'
import './styles/lightbox.css'
import './styles/panels.css'

const root = document.getElementById('root')
if (root === null) throw new Error('family-photos: the page has no root element')
createRoot(root).render(
  <StrictMode>
    <SyncProvider engine={sync}>
      <App />
    </SyncProvider>
  </StrictMode>,
)

// A new version waits until every tab of the old one is closed: nothing is reloaded under the person's hands.
registerSW({ onNeedRefresh: () => messages.notice('A new version is ready. Close all tabs of this app to get it.') })
