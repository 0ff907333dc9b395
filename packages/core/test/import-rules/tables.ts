/** Which folder of core may import which; `errors.ts`, `wire` and `model` are open to all but `internal`. */
export const coreRooms: ReadonlyMap<string, readonly string[]> = new Map([
  // The runtime runs on the environment's clock, and knows its type.
  ['internal', ['provider']],
  ['wire', []],
  ['model', []],
  ['hash', []],
  // What adapters that speak HTTP share.
  ['http', ['provider']],
  // A schema describes its tables to data providers in their words.
  ['schema', ['provider']],
  ['provider', []],
  ['memory', ['provider', 'hash']],
  ['environment', ['provider', 'memory']],
  ['testing', ['provider', 'hash', 'memory', 'schema', 'engine.ts', 'engine-options.ts']],
  ['state', ['provider']],
  ['storage', ['state', 'provider', 'memory']],
  ['ledger', ['state', 'provider']],
  ['cache', ['ledger', 'state', 'hash', 'provider', 'internal']],
  ['upload', ['ledger', 'cache', 'state', 'provider', 'internal']],
  // A queued write owns the bytes that came with it.
  ['mutation', ['cache', 'upload', 'ledger', 'state', 'schema', 'provider', 'internal']],
  ['store', ['state', 'schema', 'provider']],
  ['subscription', ['store', 'cache', 'provider', 'internal']],
  ['tabs', ['state', 'environment', 'provider', 'internal']],
  ['auth', ['hash', 'environment', 'state', 'provider', 'internal']],
  ['peers', ['cache', 'upload', 'ledger', 'state', 'provider', 'internal']],
  ['recovery', ['cache', 'upload', 'mutation', 'ledger', 'state', 'provider']],
])

/** Open to every folder but `internal`. */
export const openRooms: readonly string[] = ['wire', 'model']

/** Folders that may use Effect; so may the files at the top, which put the engine together. */
export const effectRooms: readonly string[] = ['internal', 'upload', 'mutation', 'tabs', 'cache', 'peers']

export interface PackageRule {
  /** Packages of the workspace that `src` may import; `@bse/core` means its root door only. */
  readonly src: readonly string[]
  /** What `test` may import besides. */
  readonly test: readonly string[]
  readonly node: boolean
}

const adapterDoors = ['@bse/core/provider', '@bse/core/wire', '@bse/core/hash', '@bse/core/http']
const anything = ['@bse/*']
const browserAdapter: PackageRule = { src: adapterDoors, test: ['@bse/core/testing', '@bse/core/memory', '@bse/server', '@bse/server/node'], node: false }

/** By folder name, or by its prefix where that names a seam. The first that matches counts. */
export const packageRules: readonly (readonly [prefix: string, rule: PackageRule])[] = [
  ['core', { src: [], test: [], node: false }],
  // What an engine hands out of a disk that rots.
  ['cache-fs', { ...browserAdapter, test: [...browserAdapter.test, '@bse/core'], node: true }],
  ['state-sqlite', { ...browserAdapter, node: true }],
  // Where the bytes of an insert are, which only an engine over it can show.
  ['cache-opfs', { ...browserAdapter, test: [...browserAdapter.test, '@bse/core'] }],
  // Falls back from one to the other, which only an engine over both can show.
  ['cache-idb', { ...browserAdapter, test: [...browserAdapter.test, '@bse/core', '@bse/cache-opfs'] }],
  ['cache-', browserAdapter],
  ['state-', browserAdapter],
  ['blob-r2', { ...browserAdapter, src: [...adapterDoors, '@bse/blob-http', '@bse/blob-s3'] }],
  // A sink, which needs a source beside it.
  ['blob-tus', { ...browserAdapter, test: [...browserAdapter.test, '@bse/blob-http'] }],
  ['blob-', browserAdapter],
  // What it talks to is the database's own.
  ['data-electric', { ...browserAdapter, test: [...browserAdapter.test, '@bse/core', '@bse/server/shapes', '@bse/server/mutations', '@bse/blob-http'] }],
  ['data-', browserAdapter],
  ['react', { src: ['@bse/core'], test: ['@bse/core/testing', '@bse/core/memory', '@bse/core/provider', '@bse/core/wire'], node: false }],
  ['service-worker', { src: ['@bse/core'], test: anything, node: false }],
  ['server', { src: [...adapterDoors, '@bse/cache-fs'], test: ['@bse/core/testing'], node: true }],
  ['bse', { src: anything, test: anything, node: false }],
]
