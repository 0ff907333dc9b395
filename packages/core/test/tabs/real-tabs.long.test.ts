import { it } from 'vitest'
import { insertOfflineInTabs } from './real-tabs.ts'

// F-13 F-14 X-013
it('eight tabs send a hundred photos each, taken offline, each once', () => insertOfflineInTabs(8, 100, 600_000))
