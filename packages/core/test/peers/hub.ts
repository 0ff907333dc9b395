import { fakeBlobs, type FakeRemote } from '../../src/testing/index.ts'
import type { BlobProvider, PeerPresence } from '../../src/provider/index.ts'
import { AnnouncedSet, type BlobAwareness, type BlobHash } from '../../src/wire/index.ts'

/** Awareness without a network: what each of its members said last, heard by the others. */
export class Hub {
  readonly said: Map<string, BlobAwareness> = new Map()
  readonly #listeners: Set<() => void> = new Set()
  #members = 0

  say(member: string, state: BlobAwareness | null): void {
    if (state === null) this.said.delete(member)
    else this.said.set(member, state)
    for (const listener of [...this.#listeners]) listener()
  }

  presence(member = `member-${(this.#members += 1)}`): PeerPresence {
    return {
      name: 'hub',
      announce: (state) => this.say(member, state),
      peers: () => [...this.said].flatMap(([name, state]) => (name === member ? [] : [state])),
      subscribe: (listener) => {
        this.#listeners.add(listener)
        return () => void this.#listeners.delete(listener)
      },
      close: () => this.say(member, null),
    }
  }
}

export interface FakeServer {
  readonly url: string
  readonly remote: FakeRemote
  /** Every call of every device, in order. */
  readonly calls: string[]
  provider(): BlobProvider
  /** Says what it has. */
  announce(hub: Hub): void
  wrongBytes: boolean
}

/** A server over a remote in memory, which lists what it has. */
export function fakeServer(url: string, remote: FakeRemote): FakeServer {
  const calls: string[] = []
  const server: FakeServer = {
    url, remote, calls, wrongBytes: false,
    provider: () => {
      const provider = fakeBlobs(remote, `http:${url}/blobs`)
      return {
        ...provider,
        open: async (ref, options) => {
          calls.push(`open ${ref.hash}`)
          if (!server.wrongBytes) return provider.open(ref, options)
          return { body: new Blob(['wrong']).stream(), sizeBytes: 5, range: undefined }
        },
        upload: (task, io) => {
          calls.push(`upload ${task.hash}`)
          return provider.upload(task, io)
        },
        async *list() {
          calls.push('list')
          yield [...remote.blobs.keys()]
        },
      }
    },
    announce: (hub) => hub.say(url, announced(url, remote.blobs.keys())),
  }
  return server
}

export function announced(url: string, hashes: Iterable<BlobHash>): BlobAwareness {
  const set = new AnnouncedSet()
  for (const hash of hashes) set.set(hash, true)
  return { type: 'server', url, ...set.announcement() }
}
