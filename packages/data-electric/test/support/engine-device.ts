import { createSyncEngine, platformEnvironment, type SyncEngine } from '@bse/core'
import { memoryCache, memoryLocks, memoryState } from '@bse/core/memory'
import { fakeBlobs, MortalTab, type FakeRemote } from '@bse/core/testing'
import type { Locks } from '@bse/core/provider'
import { Proxy } from '../../../../scripts/services/proxy.ts'
import { electricData, type ElectricDataOptions } from '../../src/index.ts'

/** As the RFC has it. */
export const familySchema = {
  photos: {
    id: 'uuid', title: 'string', takenAt: { type: 'datetime', optional: true }, familyId: { type: 'uuid', optional: true },
    image: { type: 'blob', mimeTypes: ['image/*'], optional: true },
  },
} as const

export const FAMILY_TABLES = 'create table photos (id uuid primary key, title text not null, taken_at timestamptz, family_id uuid, image jsonb)'

export type FamilyEngine = SyncEngine<typeof familySchema>

let engines = 0

/** One device: stores that outlive its tabs, and a wire to the host that can be broken at any byte. */
export class EngineDevice {
  readonly wire: Proxy
  readonly #remote: FakeRemote
  readonly #options: Partial<ElectricDataOptions>
  readonly #state = memoryState()
  readonly #cache = memoryCache()
  readonly #locks = memoryLocks()
  readonly #open: { readonly engine: FamilyEngine; readonly tab: MortalTab }[] = []

  private constructor(wire: Proxy, remote: FakeRemote, options: Partial<ElectricDataOptions>) {
    this.wire = wire
    this.#remote = remote
    this.#options = options
  }

  /** `remote` has the bytes; rows go to the port. */
  static async make(port: () => number, remote: FakeRemote, options: Partial<ElectricDataOptions> = {}): Promise<EngineDevice> {
    return new EngineDevice(await Proxy.open(port), remote, options)
  }

  openTab(): { readonly engine: FamilyEngine; readonly tab: MortalTab } {
    const acquire: Locks['acquire'] = ((name: string, request: object) => this.#locks.acquire(name.replace(/^bse\/[^/]+\//, 'bse/shared/'), request as never)) as Locks['acquire']
    const tab = new MortalTab({ state: this.#state, cache: this.#cache, environment: { ...platformEnvironment(), locks: { acquire } } })
    const engine = createSyncEngine({
      name: `electric-${(engines += 1)}`,
      schema: familySchema,
      state: () => tab.state('shared'),
      cache: { backend: () => tab.cache('shared'), inlineMaxBytes: 1_000 },
      blobs: fakeBlobs(this.#remote),
      data: electricData({ url: this.wire.url, casing: 'snake', ...this.#options }),
      environment: tab.environment,
    })
    this.#open.push({ engine, tab })
    return { engine, tab }
  }

  async close(): Promise<void> {
    await this.wire.close()
    // A dead tab answers nobody.
    await Promise.all(this.#open.filter(({ tab }) => !tab.isDead).map(({ engine }) => engine.close()))
  }
}

export function image(sizeBytes: number, seed = 1): Blob {
  const bytes = Uint8Array.from({ length: sizeBytes }, (_, index) => (index * 31 + seed * 17) % 251)
  return new Blob([bytes], { type: 'image/jpeg' })
}
