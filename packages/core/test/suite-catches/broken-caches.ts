import { BseError, type BlobHash } from '../../src/wire/index.ts'
import type { CacheStore } from '../../src/provider/index.ts'
import { collect, textBlob } from '../../src/testing/index.ts'
import type { Broken } from './broken.ts'

type BrokenCache = Broken<CacheStore>
type Source = Blob | ReadableStream<Uint8Array>
const MIB = 1024 * 1024

const wrongHash = (hash: BlobHash): BlobHash => `sha256:${hash.slice(7).split('').reverse().join('')}`
const isStream = (source: Source): source is ReadableStream<Uint8Array> => source instanceof ReadableStream

/** Passes chunks on as `change` makes them; `undefined` ends the stream. */
function through(source: ReadableStream<Uint8Array>, change: (chunk: Uint8Array) => Uint8Array | undefined): ReadableStream<Uint8Array> {
  return source.pipeThrough(new TransformStream<Uint8Array, Uint8Array>({
    transform(chunk, controller) {
      const changed = change(chunk)
      if (changed === undefined) controller.terminate()
      else controller.enqueue(changed)
    },
  }))
}

/** A Blob that cannot be read any more once `isDead`. */
function mortal(blob: Blob, isDead: () => boolean): Blob {
  const arrayBuffer = async (): Promise<ArrayBuffer> => {
    if (isDead()) throw new DOMException('the file is gone', 'NotReadableError')
    return blob.arrayBuffer()
  }
  return Object.assign(blob.slice(), { arrayBuffer })
}

const brokenStaging: readonly BrokenCache[] = [
  {
    caughtBy: 'puts the owner at the beginning of the stage id',
    wrap: (store) => ({ stage: (source, { expect, signal } = {}) => store.stage(source, { ...(expect && { expect }), ...(signal && { signal }) }) }),
  },
  {
    caughtBy: 'stores an empty blob under the known hash',
    wrap: (store) => ({ get: async (hash) => { const blob = await store.get(hash); return blob?.size === 0 ? undefined : blob } }),
  },
  {
    caughtBy: 'gives the hash that the standard names for abc',
    wrap: (store) => ({ stage: async (...args) => { const staged = await store.stage(...args); return { ...staged, hash: wrongHash(staged.hash) } } }),
  },
  {
    caughtBy: 'stores a single byte',
    wrap: (store) => ({ get: async (hash) => { const blob = await store.get(hash); return blob?.slice(0, blob.size & ~1) } }),
  },
  {
    caughtBy: 'stores 5 MB of random bytes unchanged',
    wrap: (store) => ({ get: async (hash) => (await store.get(hash))?.slice(0, 4 * MIB) }),
  },
  {
    caughtBy: 'hashes around every block edge of SHA-256',
    wrap: (store) => ({
      stage: async (...args) => {
        const staged = await store.stage(...args)
        return staged.sizeBytes % 64 === 56 ? { ...staged, hash: wrongHash(staged.hash) } : staged
      },
    }),
  },
  {
    caughtBy: 'takes a stream in chunks of odd sizes',
    wrap: (store) => ({
      stage: (source, options) => store.stage(isStream(source) ? through(source, (chunk) => (chunk.length === 0 ? undefined : chunk)) : source, options),
    }),
  },
  {
    caughtBy: 'takes a stream of one large chunk',
    wrap: (store) => ({
      stage: (source, options) => store.stage(isStream(source) ? through(source, (chunk) => chunk.subarray(0, MIB)) : source, options),
    }),
  },
  {
    caughtBy: 'takes a stream that ends without a byte',
    wrap: (store) => ({
      stage: async (source, options) => {
        const staged = await store.stage(source, options)
        if (isStream(source) && staged.sizeBytes === 0) throw new BseError('STORAGE_FAILED', 'an empty file', { store: 'broken' })
        return staged
      },
    }),
  },
  {
    caughtBy: 'keeps bytes that match what was expected',
    wrap: (store) => ({
      stage: async (source, options) => {
        if (options?.expect) throw new BseError('HASH_MISMATCH', 'never content', { expected: options.expect, actual: undefined })
        return store.stage(source, options)
      },
    }),
  },
  {
    caughtBy: 'stores nothing of bytes that were not expected',
    wrap: (store) => ({ stage: (source) => store.stage(source) }),
  },
  {
    caughtBy: 'stores nothing of bytes that were not expected',
    wrap: (store) => ({
      stage: (source, options) => store.stage(source, options).catch(async (error: unknown) => {
        await store.stage(textBlob('left behind'))
        throw error
      }),
    }),
  },
  {
    caughtBy: 'rejects with the reason when aborted before it starts',
    wrap: (store) => ({ stage: (source, options) => store.stage(source, options?.expect ? { expect: options.expect } : {}) }),
  },
  {
    caughtBy: 'rejects with the reason when aborted midway and leaves nothing',
    wrap: (store) => ({
      stage: (source, options) => store.stage(source, options).catch((error: unknown) => {
        throw options?.signal?.aborted ? new DOMException('aborted', 'AbortError') : error
      }),
    }),
  },
  {
    caughtBy: 'rejects with the reason when aborted midway and leaves nothing',
    wrap: (store) => ({
      stage: (source, options) => store.stage(source, options).catch(async (error: unknown) => {
        await store.stage(textBlob('half of it'))
        throw error
      }),
    }),
  },
  {
    caughtBy: 'cancels the source stream when aborted',
    wrap: (store) => ({
      stage: (source, options) => {
        if (!isStream(source)) return store.stage(source, options)
        const reader = source.getReader()
        return store.stage(new ReadableStream<Uint8Array>({
          async pull(controller) {
            const { done, value } = await reader.read()
            if (done) controller.close()
            else controller.enqueue(value)
          },
        }), options)
      },
    }),
  },
  {
    caughtBy: 'passes on the error of a failing source and leaves nothing',
    wrap: (store) => ({
      stage: (source, options) => store.stage(source, options).catch((cause: unknown) => {
        throw new BseError('STORAGE_FAILED', 'could not store', { store: 'broken' }, { cause })
      }),
    }),
  },
  {
    caughtBy: 'passes on the error of a failing source and leaves nothing',
    wrap: (store) => ({
      stage: (source, options) => store.stage(source, options).catch(async (error: unknown) => {
        await store.stage(textBlob('half of it'))
        throw error
      }),
    }),
  },
  {
    caughtBy: 'still stages after a failed and an aborted one',
    wrap: (store) => {
      let jammed = false
      return {
        stage: async (source, options) => {
          if (jammed) throw new BseError('STORAGE_FAILED', 'jammed', { store: 'broken' })
          return store.stage(source, options).catch((error: unknown) => {
            jammed = true
            throw error
          })
        },
      }
    },
  },
  {
    caughtBy: 'shows nothing before publish',
    wrap: (store) => ({
      stage: async (source, options) => {
        const staged = await store.stage(source, options)
        if (!isStream(source)) await store.publish(await store.stage(source))
        return staged
      },
    }),
  },
  {
    caughtBy: 'names every staged copy apart, without a slash',
    wrap: (store) => ({ stage: async (...args) => { const staged = await store.stage(...args); return { ...staged, stageId: `tab/${staged.stageId}` } } }),
  },
  {
    caughtBy: 'names every staged copy apart, without a slash',
    wrap: (store) => ({ stage: async (...args) => { const staged = await store.stage(...args); return { ...staged, stageId: 'staged' } } }),
  },
]

const brokenPublishing: readonly BrokenCache[] = [
  {
    caughtBy: 'tells whether publish was the first of its hash',
    wrap: (store) => ({ publish: async (staged) => { await store.publish(staged); return 'published' } }),
  },
  {
    caughtBy: 'leaves nothing staged once it is published',
    wrap: (store) => ({
      publish: async (staged) => {
        const outcome = await store.publish(staged)
        const blob = await store.get(staged.hash)
        if (outcome === 'published' && blob !== undefined) await store.stage(blob)
        return outcome
      },
    }),
  },
  {
    caughtBy: 'drops the staged copy when the hash is there already',
    wrap: (store) => ({ publish: async (staged) => ((await store.get(staged.hash)) === undefined ? store.publish(staged) : 'already-present') }),
  },
  {
    caughtBy: 'never replaces bytes that somebody is reading',
    wrap: (store) => {
      const replaced = new Set<BlobHash>()
      return {
        publish: async (staged) => {
          const outcome = await store.publish(staged)
          if (outcome === 'already-present') replaced.add(staged.hash)
          return outcome
        },
        get: async (hash) => { const blob = await store.get(hash); return blob && mortal(blob, () => replaced.has(hash)) },
      }
    },
  },
  {
    caughtBy: 'refuses to publish what was discarded',
    wrap: (store) => ({ publish: (staged) => store.publish(staged).catch(() => 'published' as const) }),
  },
  {
    caughtBy: 'discards twice, and what never was, without complaint',
    wrap: (store) => {
      const gone = new Set<string>()
      return {
        discard: async (stageId) => {
          if (gone.has(stageId)) throw new BseError('NOT_FOUND', 'gone already', { what: 'blob', id: stageId })
          gone.add(stageId)
          await store.discard(stageId)
        },
      }
    },
  },
  { caughtBy: 'discards one staged copy and no other', wrap: (store) => ({ discard: () => store.sweep(() => false) }) },
  {
    caughtBy: 'publishes what another instance has staged',
    wrap: (store) => {
      const own = new Set<string>()
      return {
        stage: async (...args) => { const staged = await store.stage(...args); own.add(staged.stageId); return staged },
        publish: async (staged) => {
          if (!own.has(staged.stageId)) throw new BseError('NOT_FOUND', 'not mine', { what: 'blob', id: staged.stageId })
          return store.publish(staged)
        },
      }
    },
  },
  {
    caughtBy: 'keeps one copy of content that is staged twice at once',
    wrap: (store) => {
      const [first, forgotten] = [new Map<BlobHash, string>(), new Set<string>()]
      return {
        stage: async (...args) => {
          const staged = await store.stage(...args)
          if (first.has(staged.hash)) forgotten.add(staged.stageId)
          else first.set(staged.hash, staged.stageId)
          return staged
        },
        publish: (staged) => {
          if (forgotten.has(staged.stageId)) throw new BseError('NOT_FOUND', 'merged', { what: 'blob', id: staged.stageId })
          return store.publish(staged)
        },
      }
    },
  },
  {
    caughtBy: 'stages many blobs at once without mixing them up',
    wrap: (store) => {
      let underWay = 0
      return {
        stage: async (source, options) => {
          underWay += 1
          const staged = await store.stage(underWay > 8 ? textBlob('somebody else') : source, options)
          underWay -= 1
          return staged
        },
      }
    },
  },
  {
    caughtBy: 'sweeps what is dead and keeps what is alive',
    wrap: (store) => ({ sweep: (isAlive) => store.sweep((stageId) => isAlive(stageId) && false) }),
  },
  {
    caughtBy: 'sweeps what is dead and keeps what is alive',
    wrap: (store) => ({ sweep: (isAlive) => store.sweep((stageId) => isAlive(stageId) || true) }),
  },
  {
    caughtBy: 'sweeps what a closed instance left behind',
    wrap: (store) => {
      const own = new Set<string>()
      return {
        stage: async (...args) => { const staged = await store.stage(...args); own.add(staged.stageId); return staged },
        sweep: (isAlive) => store.sweep((stageId) => !own.has(stageId) || isAlive(stageId)),
      }
    },
  },
  { caughtBy: 'deletes once and then answers absent', wrap: (store) => ({ delete: async (hash) => { await store.delete(hash); return 'deleted' } }) },
  { caughtBy: 'deletes once and then answers absent', wrap: () => ({ delete: async () => 'deleted' }) },
  {
    caughtBy: 'deletes one blob and leaves its neighbours',
    wrap: (store) => ({
      delete: async (hash) => {
        for await (const entry of store.list()) if (entry.hash !== hash) await store.delete(entry.hash)
        return store.delete(hash)
      },
    }),
  },
  {
    caughtBy: 'takes deleted bytes back',
    wrap: (store) => {
      const graves = new Set<BlobHash>()
      return {
        delete: async (hash) => { graves.add(hash); return store.delete(hash) },
        publish: async (staged) => (graves.has(staged.hash) ? 'already-present' : store.publish(staged)),
      }
    },
  },
]

const brokenReading: readonly BrokenCache[] = [
  { caughtBy: 'answers undefined for a hash it does not have', wrap: (store) => ({ get: async (hash) => (await store.get(hash)) ?? new Blob([]) }) },
  {
    caughtBy: 'gives a Blob with its size and without a type',
    wrap: (store) => ({ get: async (hash) => { const blob = await store.get(hash); return blob?.slice(0, blob.size, 'text/plain') } }),
  },
  {
    caughtBy: 'reads every kind of range exactly',
    wrap: (store) => ({
      read: async (hash, { start, end }) => {
        const size = (await store.get(hash))?.size ?? 0
        return store.read(hash, { start, end: end === undefined ? undefined : Math.min(end + 1, size) })
      },
    }),
  },
  {
    caughtBy: 'gives an empty stream for an empty range',
    wrap: (store) => ({
      read: async (hash, { start, end }) => {
        const sizeBytes = (await store.get(hash))?.size ?? 0
        if (start === (end ?? sizeBytes)) throw new BseError('RANGE_INVALID', 'nothing to read', { sizeBytes })
        return store.read(hash, { start, end })
      },
    }),
  },
  {
    caughtBy: 'refuses ranges outside of the blob',
    wrap: (store) => ({
      read: async (hash, { start, end }) => {
        const blob = await store.get(hash)
        return blob?.slice(Math.max(0, start), end).stream()
      },
    }),
  },
  {
    caughtBy: 'lets a reader stop in the middle',
    wrap: (store) => ({
      read: async (hash, range) => {
        const stream = await store.read(hash, range)
        const bytes = stream && (await collect(stream))
        return bytes && new ReadableStream<Uint8Array>({
          pull: (controller) => controller.enqueue(bytes.slice(0, 1)),
          cancel: async () => { await store.delete(hash) },
        })
      },
    }),
  },
  {
    caughtBy: 'lends a Blob that outlives other publishes and deletes',
    wrap: (store) => {
      let deletes = 0
      return {
        delete: (hash) => { deletes += 1; return store.delete(hash) },
        get: async (hash) => {
          const [blob, before] = [await store.get(hash), deletes]
          return blob && mortal(blob, () => deletes > before)
        },
      }
    },
  },
  {
    caughtBy: 'lists hash and size of every blob',
    wrap: (store) => ({ list: async function* () { for await (const { hash } of store.list()) yield { hash, sizeBytes: 0 } } }),
  },
  {
    caughtBy: 'lists every entry, past any page size',
    wrap: (store) => ({
      list: async function* (options) {
        let left = 1_000
        for await (const entry of store.list(options)) if (left-- > 0) yield entry
      },
    }),
  },
  { caughtBy: 'stops listing with the reason when aborted', wrap: (store) => ({ list: () => store.list() }) },
]

const destroyedNames = new Set<string>()

const brokenLives: readonly BrokenCache[] = [
  { caughtBy: 'shares everything between two instances of a namespace', namespace: (asked, tab) => `${asked}-${tab}` },
  {
    caughtBy: 'publishes once what two instances staged at once',
    wrap: (store) => {
      const published = new Set<BlobHash>()
      return {
        publish: async (staged) => {
          await store.publish(staged)
          if (published.has(staged.hash)) return 'already-present'
          published.add(staged.hash)
          return 'published'
        },
      }
    },
  },
  { caughtBy: 'has after a reload what it had before', wrap: (store) => ({ close: () => store.destroy() }) },
  { caughtBy: 'erases published and staged bytes on destroy', wrap: (store) => ({ destroy: () => store.close() }) },
  {
    caughtBy: 'erases published and staged bytes on destroy',
    wrap: (store, { open }) => ({ destroy: async () => { await store.destroy(); await open().stage(textBlob('still here')) } }),
  },
  { caughtBy: 'is closed after destroy', wrap: (store, { open }) => ({ destroy: () => open().destroy(), close: () => store.close() }) },
  {
    caughtBy: 'works again in a namespace that was destroyed',
    namespace: (asked) => { if (destroyedNames.has(asked)) throw new BseError('CLOSED', 'destroyed for ever', { what: 'broken' }); return asked },
    wrap: (store, { namespace }) => ({ destroy: async () => { await store.destroy(); destroyedNames.add(namespace) } }),
  },
  {
    caughtBy: 'closes twice, before and after use',
    wrap: (store) => {
      let closes = 0
      return { close: async () => { if ((closes += 1) > 1) throw new BseError('CLOSED', 'closed already', { what: 'broken' }); await store.close() } }
    },
  },
  { caughtBy: 'answers CLOSED to everything after close', wrap: () => ({ close: async () => undefined }) },
  { caughtBy: 'answers CLOSED to everything after close', wrap: (store, { open }) => ({ list: (options) => open().list(options), close: () => store.close() }) },
  {
    caughtBy: 'leaves other instances open when one closes',
    wrap: (_, { opened }) => ({ close: async () => { for (const store of opened) await store.close() } }),
  },
]

export const brokenCaches: readonly BrokenCache[] = [...brokenStaging, ...brokenPublishing, ...brokenReading, ...brokenLives]
