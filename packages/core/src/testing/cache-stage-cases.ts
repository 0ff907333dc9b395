import { assertAbsent, assertHolds, assertNothingStaged, listed, put, stagedIds, type CacheCase } from './cache-case.ts'
import { randomBytes, sha256Of, streamOf, textBlob } from './bytes.ts'
import { assert, assertEqual, assertRejects, rejection } from './suite.ts'

const MIB = 1024 * 1024

/** A stream that gives `bytes` and then never answers again; `cancelled` hears why it was let go. */
function stuckStream(bytes: Uint8Array, onStuck: () => void, cancelled: (reason: unknown) => void): ReadableStream<Uint8Array> {
  let given = false
  return new ReadableStream<Uint8Array>({
    pull(controller) {
      if (given) {
        onStuck()
        return new Promise(() => undefined)
      }
      given = true
      controller.enqueue(bytes)
      return undefined
    },
    cancel: cancelled,
  }, { highWaterMark: 0 })
}

/** Staging: hashes, writes, shows nothing, and leaves nothing when it fails. */
export const cacheStageCases: readonly CacheCase[] = [
  {
    name: 'stores an empty blob under the known hash', // E-024
    run: async ({ open }) => {
      const store = await open()
      const staged = await put(store, new Blob([]))
      assertEqual(staged.hash, 'sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855', 'hash of nothing')
      assertEqual(staged.sizeBytes, 0, 'size of nothing')
      await assertHolds(store, staged.hash, new Uint8Array(0), 'empty blob')
    },
  },
  {
    name: 'gives the hash that the standard names for abc', // E-020
    run: async ({ open }) => {
      const store = await open()
      const staged = await store.stage(textBlob('abc'))
      assertEqual(staged.hash, 'sha256:ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad', 'hash of abc')
      assertEqual(staged.sizeBytes, 3, 'size of abc')
    },
  },
  {
    name: 'stores a single byte',
    run: async ({ open }) => {
      const store = await open()
      const { hash } = await put(store, new Blob([Uint8Array.of(0)]))
      await assertHolds(store, hash, Uint8Array.of(0), 'one byte')
    },
  },
  {
    name: 'stores 5 MB of random bytes unchanged',
    run: async ({ open }) => {
      const store = await open()
      const bytes = randomBytes(5_000_000)
      const staged = await put(store, new Blob([bytes]))
      assertEqual(staged.hash, await sha256Of(bytes), 'hash')
      assertEqual(staged.sizeBytes, 5_000_000, 'size')
      await assertHolds(store, staged.hash, bytes, '5 MB')
    },
  },
  {
    name: 'hashes around every block edge of SHA-256', // F-94
    run: async ({ open }) => {
      const store = await open()
      for (const sizeBytes of [55, 56, 57, 63, 64, 65, 119, 120, 127, 128, 129]) {
        const bytes = randomBytes(sizeBytes)
        assertEqual((await store.stage(new Blob([bytes]))).hash, await sha256Of(bytes), `hash of ${sizeBytes} bytes`)
      }
    },
  },
  {
    name: 'takes a stream in chunks of odd sizes',
    run: async ({ open }) => {
      const store = await open()
      const bytes = randomBytes(2 * MIB + 13)
      const staged = await put(store, streamOf(bytes, [1, 65_537, 0, 3, 262_144, 4_095]))
      assertEqual(staged.hash, await sha256Of(bytes), 'hash')
      assertEqual(staged.sizeBytes, bytes.length, 'size')
      await assertHolds(store, staged.hash, bytes, 'streamed bytes')
    },
  },
  {
    name: 'takes a stream of one large chunk',
    run: async ({ open }) => {
      const store = await open()
      const bytes = randomBytes(3 * MIB + 1)
      await assertHolds(store, (await put(store, streamOf(bytes, [bytes.length]))).hash, bytes, 'one chunk')
    },
  },
  {
    name: 'takes a stream that ends without a byte',
    run: async ({ open }) => {
      const store = await open()
      const { hash, sizeBytes } = await put(store, streamOf(new Uint8Array(0), [1]))
      assertEqual(sizeBytes, 0, 'size')
      await assertHolds(store, hash, new Uint8Array(0), 'empty stream')
    },
  },
  {
    name: 'keeps bytes that match what was expected',
    run: async ({ open }) => {
      const store = await open()
      const bytes = randomBytes(1_000)
      const hash = await sha256Of(bytes)
      await store.publish(await store.stage(new Blob([bytes]), { expect: hash }))
      await assertHolds(store, hash, bytes, 'expected bytes')
    },
  },
  {
    name: 'stores nothing of bytes that were not expected', // E-120 F-52
    run: async ({ open }) => {
      const store = await open()
      const [wanted, got] = [randomBytes(1_000), randomBytes(1_000)]
      const expected = await sha256Of(wanted)
      const attempt = store.stage(new Blob([got]), { expect: expected })
      const details = await assertRejects(attempt, 'HASH_MISMATCH', 'other bytes than expected')
      assertEqual(details, { expected, actual: await sha256Of(got) }, 'details')
      await assertNothingStaged(store, 'after a mismatch')
      assertEqual(await listed(store), [], 'published after a mismatch')
    },
  },
  {
    name: 'rejects with the reason when aborted before it starts',
    run: async ({ open }) => {
      const store = await open()
      const reason = new Error('changed my mind')
      const error = await rejection(store.stage(textBlob('x'), { signal: AbortSignal.abort(reason) }), 'stage with an aborted signal')
      assert(error === reason, 'rejected with something else than the reason')
      await assertNothingStaged(store, 'after an abort')
    },
  },
  {
    name: 'rejects with the reason when aborted midway and leaves nothing',
    run: async ({ open }) => {
      const store = await open()
      const [reason, controller] = [new Error('changed my mind'), new AbortController()]
      const source = stuckStream(randomBytes(MIB), () => controller.abort(reason), () => undefined)
      const error = await rejection(store.stage(source, { signal: controller.signal }), 'aborted stage')
      assert(error === reason, 'rejected with something else than the reason')
      await assertNothingStaged(store, 'after an abort')
      assertEqual(await listed(store), [], 'published after an abort')
    },
  },
  {
    name: 'cancels the source stream when aborted',
    run: async ({ open }) => {
      const store = await open()
      const controller = new AbortController()
      let cancelledWith: unknown
      const source = stuckStream(randomBytes(10), () => controller.abort('enough'), (reason) => { cancelledWith = reason })
      await rejection(store.stage(source, { signal: controller.signal }), 'aborted stage')
      assertEqual(cancelledWith, 'enough', 'what the source heard')
    },
  },
  {
    name: 'passes on the error of a failing source and leaves nothing',
    run: async ({ open }) => {
      const store = await open()
      const fault = new Error('the cable is out')
      let turn = 0
      const source = new ReadableStream<Uint8Array>({
        pull(controller) {
          if (turn++ < 3) controller.enqueue(randomBytes(100_000))
          else controller.error(fault)
        },
      })
      const error = await rejection(store.stage(source), 'stage of a failing source')
      assert(error === fault, 'rejected with something else than the error of the source')
      await assertNothingStaged(store, 'after a failed source')
    },
  },
  {
    name: 'still stages after a failed and an aborted one',
    run: async ({ open }) => {
      const store = await open()
      await rejection(store.stage(textBlob('a'), { signal: AbortSignal.abort(new Error('no')) }), 'aborted stage')
      const broken = new ReadableStream<Uint8Array>({ pull: (controller) => controller.error(new Error('no')) })
      await rejection(store.stage(broken), 'failing stage')
      const bytes = randomBytes(200_000)
      await assertHolds(store, (await put(store, new Blob([bytes]))).hash, bytes, 'bytes after failures')
    },
  },
  {
    name: 'shows nothing before publish',
    run: async ({ open }) => {
      const store = await open()
      const { hash } = await store.stage(textBlob('staged only'))
      await assertAbsent(store, hash, 'before publish')
      assert((await store.read(hash, { start: 0 })) === undefined, 'read gives bytes before publish')
      assertEqual(await store.delete(hash), 'absent', 'delete before publish')
      assertEqual(await listed(store), [], 'list before publish')
    },
  },
  {
    name: 'names every staged copy apart, without a slash',
    run: async ({ open }) => {
      const [one, two] = [await open(), await open()]
      const staged = await Promise.all([one, two, one, two].map((store) => store.stage(textBlob('same'))))
      const ids = staged.map(({ stageId }) => stageId)
      assertEqual(new Set(ids).size, 4, 'distinct stage ids')
      for (const id of ids) assert(/^[!-.0-~]+$/.test(id), `stage id is not printable ASCII without a slash: ${id}`)
      assertEqual([...(await stagedIds(one))].sort(), [...ids].sort(), 'staged ids that the sweep sees')
    },
  },
  {
    name: 'puts the owner at the beginning of the stage id',
    run: async ({ open }) => {
      const store = await open()
      const { stageId } = await store.stage(textBlob('owned'), { owner: 'tab.7f' })
      assert(stageId.startsWith('tab.7f-'), `the stage id does not name its owner: ${stageId}`)
      assertEqual(await store.publish(await store.stage(textBlob('owned too'), { owner: 'tab.7f' })), 'published', 'publish of an owned stage')
      await store.sweep((id) => !id.startsWith('tab.7f-'))
      await assertNothingStaged(store, 'after the sweep of a dead owner')
    },
  },
]
