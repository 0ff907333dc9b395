import { isBseError } from '@bse/core'
import type { Sync } from '../sync.ts'
import type { Messages } from './messages.ts'

/** Said by the status line already, and true of every photo at once. */
const NO_NEWS: ReadonlySet<string> = new Set(['NETWORK', 'OFFLINE', 'RATE_LIMITED', 'LOST_LEASE'])

/** Tells of trouble once, in few words. What needs the person stays to be seen at its photo and in the queue. */
export function tellOfTrouble(sync: Sync, messages: Messages): void {
  sync.on('parked', ({ operation }) => {
    const what = operation.type === 'upload' ? 'A file' : 'A change'
    messages.notice(`${what} could not be sent and waits for you. It is safe on this device.`)
  })
  sync.on('syncError', ({ operation, error }) => {
    const code = isBseError(error) ? error.code : 'PROVIDER_FAILED'
    // An item that is refused is told of when it is parked, not at each try.
    if (NO_NEWS.has(code) || operation.type !== 'sync') return
    messages.notice(`Syncing met a problem (${code}) and goes on trying.`)
  })
  sync.on('blobLost', () => messages.refuse('The browser has removed a file that was not uploaded yet. Its photo is marked in the album.'))
}
