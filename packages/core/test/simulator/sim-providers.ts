import { BseError } from '../../src/errors.ts'
import type { BlobProvider, ChangeBatch, DataConnection, DataProvider, PushOutcome, UploadIo } from '../../src/provider/index.ts'
import { fakeBlobs, fakeData } from '../../src/testing/fake-remote.ts'
import { authorizedWire } from './sim-auth.ts'
import { streamOf } from './sim-blob.ts'
import type { Dialect } from './sim-schema.ts'
import type { SimServer } from './sim-server.ts'
import type { MutationWire } from '../../src/wire/mutation-wire.ts'
import type { NetworkFault } from './faults.ts'

/** The way from one tab to the server: takes time, and fails as the weather has it. */
export interface Wire {
  call<T>(name: string, run: (fault: NetworkFault | undefined) => Promise<T>, signal?: AbortSignal): Promise<T>
}

export function simBlobs(server: SimServer, wire: Wire): BlobProvider {
  const inner = fakeBlobs(server.remote)
  let way = wire
  return {
    ...inner,
    connect: (context) => { way = authorizedWire(wire, context, server.tokens) },
    open: (ref, { signal }) => way.call(`open ${ref.hash.slice(7, 15)}`, async (fault) => {
      if (server.isGone(ref.hash)) throw new BseError('GONE', 'simulated remote: collected', { hash: ref.hash })
      const opened = await inner.open(ref, { signal })
      if (fault !== 'garbled') return opened
      return { ...opened, body: streamOf(Uint8Array.of(1, 2, 3)) }
    }, signal),
    stat: (hashes, { signal }) => way.call('stat', async () => {
      const stats = await inner.stat(hashes, { signal })
      return stats.map((stat, index) => {
        const hash = hashes[index]
        return hash !== undefined && server.isGone(hash) ? { is: 'gone' as const } : stat
      })
    }, signal),
    upload: async (task, io) => {
      const name = `upload ${task.hash.slice(7, 15)}`
      // Half of all uploads leave something at the server before they are done.
      if (task.sizeBytes % 2 === 0) {
        await way.call(`${name} begins`, async () => undefined, io.signal)
        await io.saveCheckpoint({ of: task.hash })
      }
      return way.call(name, async () => {
        if (server.refuses(task.hash)) throw new BseError('REJECTED', 'simulated remote: refused', { status: 422, reason: 'simulated' })
        return inner.upload(task, unheard(io))
      }, io.signal)
    },
    abandon: (_checkpoint, { signal }) => way.call('abandon', async () => undefined, signal),
  }
}

/** Once the server has a request, an abort of the sender does not take it back. */
function unheard(io: UploadIo): UploadIo {
  return { ...io, signal: new AbortController().signal }
}

/** `complain` hears of what the server must never be sent. */
export function simData(server: SimServer, wire: Wire, dialect: Dialect, complain: (what: string) => void): DataProvider {
  const inner = fakeData(server.remote)
  return {
    ...inner,
    connect: async (context) => {
      const way = authorizedWire(wire, context, server.tokens)
      const connection = await way.call('connect', () => inner.connect(context))
      return simConnection(server, way, connection, dialect, complain)
    },
  }
}

function simConnection(server: SimServer, wire: Wire, inner: DataConnection, dialect: Dialect, complain: (what: string) => void): DataConnection {
  const take = (mutation: MutationWire): PushOutcome => {
    if (dialect.isOutdated(mutation)) complain(`${mutation.id} is sent in words of an older version`)
    return dialect.outcome(server.take(dialect.mutation(mutation)))
  }
  return {
    changes: (options) => overWire(wire, inner.changes(options), options.signal, dialect),
    push: (mutations, { signal }) => wire.call(`push ${mutations.length}`, async () => mutations.map(take), signal),
    close: () => inner.close(),
  }
}

/** Ends without a throw when aborted, as the seam wants it. */
async function* overWire(wire: Wire, batches: AsyncIterable<ChangeBatch>, signal: AbortSignal, dialect: Dialect): AsyncGenerator<ChangeBatch, void, undefined> {
  for await (const batch of batches) {
    try {
      yield await wire.call('changes', async () => ({ ...batch, changes: batch.changes.map((change) => dialect.change(change)) }), signal)
    } catch (error) {
      if (signal.aborted) return
      throw error
    }
  }
}
