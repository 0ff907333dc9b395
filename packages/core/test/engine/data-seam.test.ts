import { afterEach, expect, it, vi } from 'vitest'
import { createSyncEngine, platformEnvironment } from '../../src/index.ts'
import { BseError } from '../../src/errors.ts'
import type { ChangeBatch, Connectivity, DataConnection, DataProvider, PushOutcome } from '../../src/provider/index.ts'
import { FakeRemote, fakeBlobs, fakeData } from '../../src/testing/index.ts'
import type { MutationWire } from '../../src/wire/index.ts'
import { newDevice, schema, type TestEngine } from './harness.ts'

const open: TestEngine[] = []
afterEach(async () => {
  await Promise.all(open.splice(0).map((engine) => engine.close()))
})

let engines = 0
function engineOver(data: DataProvider, environment: Partial<ReturnType<typeof platformEnvironment>> = {}): TestEngine {
  const device = newDevice()
  const engine = createSyncEngine({
    name: `seam-${(engines += 1)}`, schema, state: device.state, cache: { backend: device.cache }, blobs: fakeBlobs(new FakeRemote()), data,
    environment: { ...platformEnvironment(), locks: device.locks, ...environment },
  })
  open.push(engine)
  return engine
}

/** A provider whose stream and answers come when a test says so. */
class HandedData {
  readonly pushed: MutationWire[] = []
  readonly answer: PromiseWithResolvers<void> = Promise.withResolvers()
  readonly #batches: ChangeBatch[] = []
  #wake: () => void = () => undefined

  readonly provider: DataProvider = {
    name: 'handed',
    capabilities: { conflicts: 'reported', acknowledges: 'server', startsWith: 'cursor' },
    connect: async (): Promise<DataConnection> => ({
      changes: (options) => this.#changes(options.signal),
      push: async (mutations): Promise<readonly PushOutcome[]> => {
        this.pushed.push(...mutations)
        await this.answer.promise
        return mutations.map(({ id }) => ({ id, is: 'applied', token: 871, durable: 'server' }))
      },
      close: async () => undefined,
    }),
  }

  send(batch: ChangeBatch): void {
    this.#batches.push(batch)
    this.#wake()
  }

  async *#changes(signal: AbortSignal): AsyncGenerator<ChangeBatch, void, undefined> {
    signal.addEventListener('abort', () => this.#wake(), { once: true })
    while (!signal.aborted) {
      const next = this.#batches.shift()
      if (next !== undefined) yield next
      else await new Promise<void>((resolve) => void (this.#wake = resolve))
    }
  }
}

// F-6
it('is done with a write that the stream brings before its push is answered', async () => {
  const data = new HandedData()
  const engine = engineOver(data.provider)
  const write = engine.albums.insert({ title: 'from here' })
  const { id } = await write
  await vi.waitFor(() => expect(data.pushed).toHaveLength(1))
  const [mutation] = data.pushed
  const change = { kind: 'put', table: 'albums', rowId: id, row: { id, title: 'as the server says' } } as const
  data.send({ changes: [change], cursor: 1, settled: [{ id: mutation?.id ?? '', as: 'contained' }], upToDate: true })
  await write.synced
  expect(await engine.offline.pending()).toEqual([])
  data.answer.resolve()
  // Whatever the late answer says, the next write goes its way and the first is not sent again.
  await engine.albums.update(id, { title: 'next' })
  await vi.waitFor(() => expect(data.pushed).toHaveLength(2))
  expect(new Set(data.pushed.map((one) => one.id)).size).toBe(2)
  expect((await engine.albums.get(id))?.title).toBe('next')
})

//
it('connects to the rows again at once when the network is back', async () => {
  const remote = new FakeRemote()
  const data = fakeData(remote)
  const listeners = new Set<(online: boolean) => void>()
  const connectivity: Connectivity = { online: true, subscribe: (listener) => (listeners.add(listener), () => void listeners.delete(listener)) }
  const { clock } = platformEnvironment()
  let connects = 0
  const engine = engineOver({
    ...data,
    connect: async (context) => {
      connects += 1
      if (connects === 1) throw new BseError('NETWORK', 'test: away', { status: undefined })
      return data.connect(context)
    },
    // Time alone never ends a wait in this test.
  }, { connectivity, clock: { ...clock, timer: () => () => undefined } })
  await vi.waitFor(() => expect(engine.status.getSnapshot().online).toBe(false))
  for (const tell of [...listeners]) tell(true)
  await vi.waitFor(() => expect(connects).toBe(2))
})
