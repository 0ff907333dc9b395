import { it } from 'vitest'
import { insertOfflineInTabs, realTabs } from './real-tabs.ts'

const { realBrowser } = realTabs()

// F-13 F-14 X-013
it('eight tabs send a hundred photos each, taken offline, each once', async () => insertOfflineInTabs(await realBrowser(), 8, 100, 600_000))
