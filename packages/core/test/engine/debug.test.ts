import { afterEach, expect, it, vi } from 'vitest'
import { BseError, createSyncEngine } from '../../src/index.ts'
import { FakeRemote, fakeBlobs, fakeData } from '../../src/testing/index.ts'
import { mutationKey } from '../../src/state/keys.ts'
import { image, newDevice, schema, tabEnvironment, type TestEngine } from './harness.ts'

const open: TestEngine[] = []
afterEach(async () => {
  await Promise.all(open.splice(0).map((engine) => engine.close()))
})

const SECRET = 'hunter2-do-not-tell'

// F-91
it('tells of queue, ledger, leader and storage, and nothing that is secret', async () => {
  const [device, remote] = [newDevice(), new FakeRemote()]
  const state = device.state('shared')
  await state.update([], () => ({ ops: [{ put: mutationKey(99), value: { v: 9, token: SECRET } }], result: undefined }), { durability: 'strict' })
  const blobs = fakeBlobs(remote, `https://user:${SECRET}@media.example/blobs?token=${SECRET}`)
  const engine = createSyncEngine({
    name: 'debugged', schema, state: () => state, cache: { backend: () => device.cache('shared'), inlineMaxBytes: 1_000 }, data: fakeData(remote),
    auth: async () => ({ userId: SECRET, headers: { authorization: `Bearer ${SECRET}` } }),
    blobs: { ...blobs, upload: async (task, io) => {
      await io.saveCheckpoint({ url: `https://media.example/upload?signature=${SECRET}` })
      if (task.sizeBytes < 5_000) throw new Error(`refused https://media.example/?token=${SECRET}`)
      throw new BseError('TOO_LARGE', 'fake: too large', { sizeBytes: 1, limitBytes: 0 })
    } },
    offline: { retryStrategy: { maxAttempts: 1 } }, environment: tabEnvironment(device),
  })
  open.push(engine)
  await engine.albums.insert({ title: 'sent' }).synced
  const first = await engine.photos.insert({ title: SECRET, image: new File([image(9_000, 95)], `${SECRET}.jpg`, { type: 'image/jpeg' }) })
  await engine.photos.insert({ title: SECRET, image: image(4_000, 96) })
  await engine.offline.pause()
  await vi.waitFor(async () => expect((await engine.debug()).ledger.entries.map(({ remotes }) => remotes[0]?.code).sort()).toEqual([null, 'TOO_LARGE'].sort()), { timeout: 5_000 })
  const report = await engine.debug()
  expect(JSON.parse(JSON.stringify(report))).toEqual(report)
  expect(report).toMatchObject({
    name: 'debugged', tab: { leads: true, error: null }, leader: { epoch: expect.any(Number), tabId: report.tab.id },
    storage: { state: { name: 'memory' }, cache: { name: 'memory', durable: false } }, paused: { all: true },
    keptAside: { [mutationKey(99)]: 'newer' },
  })
  expect(report.storage.queuedBytes).toBeGreaterThan(13_000)
  expect(report.queue).toHaveLength(2)
  expect(report.queue[0]).toMatchObject({ state: 'queued', isPaused: true, ops: [{ kind: 'insert', table: 'photos', rowId: first.id, columns: ['title', 'image'] }], waitsFor: { blobs: [first.image.hash] } })
  expect(report.ledger.entries).toContainEqual(expect.objectContaining({ hash: first.image.hash, sizeBytes: 9_000, local: 'present' }))
  const remotes = report.ledger.entries.flatMap((entry) => entry.remotes)
  expect(new Set(remotes.map(({ remote: name }) => name))).toEqual(new Set(['https://media.example/blobs']))
  expect(remotes.some(({ hasCheckpoint }) => hasCheckpoint)).toBe(true)
  expect(JSON.stringify(report)).not.toContain(SECRET)
  // What other libraries say in their errors is not stored either.
  const stored: unknown[] = []
  for await (const page of state.read({ from: 'led/', to: 'led/~' })) stored.push(...page.map(({ value }) => JSON.stringify((value as { remotes: Record<string, { reason: unknown }> }).remotes[blobs.remoteId]?.reason)))
  expect(stored.join()).not.toContain(SECRET)
})
