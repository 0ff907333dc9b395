import { afterEach, expect, it, vi } from 'vitest'
import { createSyncEngine, platformEnvironment } from '../../src/index.ts'
import type { DataContext } from '../../src/provider/index.ts'
import { FakeRemote, fakeBlobs, fakeData } from '../../src/testing/index.ts'
import { image, newDevice, schema, type TestEngine } from './harness.ts'

const open: TestEngine[] = []
afterEach(async () => {
  await Promise.all(open.splice(0).map((engine) => engine.close()))
})

let engines = 0
function engineWithLink(remote: FakeRemote): { readonly engine: TestEngine; readonly link: () => DataContext } {
  const device = newDevice()
  const data = fakeData(remote)
  let context: DataContext | undefined
  // Time alone never ends a wait in this test.
  const platform = platformEnvironment()
  const engine = createSyncEngine({
    name: `online-${(engines += 1)}`, schema, state: device.state, cache: { backend: device.cache }, blobs: fakeBlobs(remote),
    data: {
      ...data,
      connect: (given) => {
        context = given
        return data.connect(given)
      },
    },
    environment: { ...platform, locks: device.locks, clock: { ...platform.clock, timer: () => () => undefined } },
  })
  open.push(engine)
  const link = (): DataContext => {
    if (context === undefined) throw new Error('not connected yet')
    return context
  }
  return { engine, link }
}

// R-144 F-34
it('says online again when the rows are reachable again, with nothing to send', async () => {
  const { engine, link } = engineWithLink(new FakeRemote())
  const events: string[] = []
  engine.on('online', () => events.push('online'))
  engine.on('offline', () => events.push('offline'))
  await vi.waitFor(() => link().reachable(false))
  expect(engine.status.getSnapshot().online).toBe(false)
  link().reachable(true)
  expect(engine.status.getSnapshot().online).toBe(true)
  expect(events).toEqual(['offline', 'online'])
})

// R-144 F-44
it('sends what waits for time to pass as soon as a silence ends', async () => {
  const remote = new FakeRemote()
  const { engine, link } = engineWithLink(remote)
  let isDown = true
  let uploads = 0
  remote.fault = (call) => {
    if (call === 'upload') uploads += 1
    return isDown && (call === 'upload' || call === 'stat') ? 'fail-before' : 'pass'
  }
  await engine.photos.insert({ title: 'waits', image: image(5_000) })
  await vi.waitFor(() => expect(uploads).toBe(1))
  await vi.waitFor(() => expect(engine.status.getSnapshot().online).toBe(false))
  isDown = false
  link().reachable(true)
  await vi.waitFor(async () => expect(await engine.offline.pending()).toEqual([]))
})
