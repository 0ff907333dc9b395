import { applyAwarenessUpdate, Awareness, encodeAwarenessUpdate } from 'y-protocols/awareness'
import { expect, onTestFinished, test, vi } from 'vitest'
import { Doc } from 'yjs'
import type { BlobAwareness, BlobHash } from '@bse/core/wire'
import { yjsPresence } from '../src/index.ts'
import { hocuspocusClient } from './support/hocuspocus-client.ts'
import { RowsHost } from './support/rows-host.ts'

const WAIT = { timeout: 45_000, interval: 20 }
vi.setConfig({ testTimeout: 90_000 })
const HASH: BlobHash = `sha256:${'1'.repeat(64)}`
const state = (count: number): BlobAwareness => ({ type: 'browser', blobHashes: Array.from({ length: count }, (_, n): BlobHash => `sha256:${n.toString(16).padStart(64, '0')}`) })

function newAwareness(): Awareness {
  const awareness = new Awareness(new Doc())
  onTestFinished(() => awareness.destroy())
  return awareness
}

/** What `from` says now, as the network brings it to `to`. */
function carry(from: Awareness, to: Awareness): void {
  applyAwarenessUpdate(to, encodeAwarenessUpdate(from, [from.clientID]), 'network')
}

// E-005 E-035
test('tells another device over a real server what this one has, in the field that the document has', async () => {
  const host = await RowsHost.open()
  onTestFinished(() => host.erase())
  const [one, two] = [hocuspocusClient({ port: host.port, doc: new Doc() }), hocuspocusClient({ port: host.port, doc: new Doc() })]
  onTestFinished(() => [one, two].forEach((client) => client.destroy()))
  if (one.awareness === null || two.awareness === null) throw new Error('no awareness')
  const [here, there] = [yjsPresence({ awareness: one.awareness }), yjsPresence({ awareness: two.awareness })]
  here.announce({ type: 'browser', blobHashes: [HASH] })
  await vi.waitFor(() => expect(there.peers()).toEqual([{ type: 'browser', blobHashes: [HASH] }]), WAIT)
  expect(two.awareness.getStates().get(one.awareness.clientID)).toMatchObject({ blobs: { type: 'browser', blobHashes: [HASH] } })
  expect(here.peers()).toEqual([])
  here.close()
  await vi.waitFor(() => expect(there.peers()).toEqual([]), WAIT)
})

test('keeps what the app has in the same state', () => {
  const awareness = newAwareness()
  awareness.setLocalStateField('cursor', { x: 1 })
  const presence = yjsPresence({ awareness })
  presence.announce(state(1))
  expect(awareness.getLocalState()).toEqual({ cursor: { x: 1 }, blobs: state(1) })
  presence.close()
  presence.close()
  presence.announce(state(2))
  expect(awareness.getLocalState()).toEqual({ cursor: { x: 1 }, blobs: null })
})

// F-82 F-85
test('hears nothing of what is no announcement, and nothing reaches a prototype', async () => {
  const awareness = newAwareness()
  const presence = yjsPresence({ awareness })
  const hostile: unknown[] = [
    { blobs: { type: 'browser', blobHashes: Array.from({ length: 100_000 }, () => HASH) } }, { blobs: 'x'.repeat(1_000_000) }, { blobs: [] }, { other: 1 }, {},
    JSON.parse('{ "__proto__": { "blobs": { "type": "browser", "blobHashes": [] }, "polluted": true } }'),
    JSON.parse('{ "blobs": { "__proto__": { "type": "browser" }, "blobHashes": [], "constructor": { "prototype": { "polluted": true } } } }'),
  ]
  for (const said of hostile) {
    const other = newAwareness()
    other.setLocalState(said as Record<string, unknown>)
    carry(other, awareness)
  }
  const good = newAwareness()
  good.setLocalState({ blobs: state(2) })
  carry(good, awareness)
  await vi.waitFor(() => expect(presence.peers()).toEqual([state(2)]), WAIT)
  expect(({} as { readonly polluted?: unknown }).polluted).toBeUndefined()
})

// F-85
test('hears nothing under its own name', async () => {
  const awareness = newAwareness()
  const presence = yjsPresence({ awareness })
  presence.announce(state(1))
  const spoofer = newAwareness()
  spoofer.clientID = awareness.clientID
  for (let clock = 0; clock < 5; clock++) spoofer.setLocalState({ blobs: state(3) })
  carry(spoofer, awareness)
  const good = newAwareness()
  good.setLocalState({ blobs: state(2) })
  carry(good, awareness)
  await vi.waitFor(() => expect(presence.peers()).toEqual([state(2)]), WAIT)
})

// F-82
test('reads a flood a few times a second, and no more voices than it can remember', async () => {
  const awareness = newAwareness()
  const presence = yjsPresence({ awareness })
  let told = 0
  presence.subscribe(() => (told += 1))
  const loud = newAwareness()
  for (let n = 0; n < 500; n++) {
    loud.setLocalState({ blobs: state(n % 7) })
    carry(loud, awareness)
  }
  for (let n = 0; n < 1_500; n++) {
    const doc = new Doc()
    const one = new Awareness(doc)
    one.setLocalState({ blobs: state(1) })
    carry(one, awareness)
    one.destroy()
  }
  await vi.waitFor(() => expect(told).toBeGreaterThan(0), WAIT)
  expect(presence.peers().length).toBeLessThanOrEqual(1_000)
  // Two thousand messages, all of one moment or a few.
  expect(told).toBeLessThan(200)
})
