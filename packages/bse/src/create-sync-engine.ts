import { createSyncEngine as createCoreEngine, type SchemaDefinition, type SeveralRemotes, type SyncEngine, type SyncEngineOptions } from '@bse/core'
import type { BlobProvider, DataProvider } from '@bse/core/provider'
import { cacheOptions, type CacheChoice } from './cache-backend.ts'
import { blobProviderOf, dataProviderOf, type BlobProviderConfigs, type Choice, type DataProviderConfigs } from './registry.ts'

export type BlobChoice = BlobProvider | Choice<BlobProviderConfigs>

/** As `SeveralRemotes`, with stores by name too. */
export interface SeveralBlobChoices extends Omit<SeveralRemotes, 'primary' | 'mirrors'> {
  readonly primary: BlobChoice
  readonly mirrors?: readonly BlobChoice[]
}

export interface BlobSyncEngineOptions<S extends SchemaDefinition> extends Omit<SyncEngineOptions<S>, 'data' | 'blobs' | 'cache'> {
  /** How rows travel: by name, or a provider such as `yjsData()`. */
  readonly data: DataProvider | Choice<DataProviderConfigs>
  /** Where bytes go: by name, or a provider such as `s3Blobs()`; one, or a primary one and mirrors. */
  readonly blobs: BlobChoice | SeveralBlobChoices
  /** Left out: `{ backend: 'hybrid' }` with the defaults. */
  readonly cache?: CacheChoice
}

/**
 * Opens an engine, as `createSyncEngine` of `@bse/core` does, from names.
 *
 * @throws BseError `PROVIDER_NOT_INSTALLED` for a name that nothing has registered, `CONFIG_INVALID`, `ALREADY_OPEN`.
 */
export function createSyncEngine<const S extends SchemaDefinition>({ data, blobs, cache = {}, ...rest }: BlobSyncEngineOptions<S>): SyncEngine<S> {
  const parts = { data: dataProvider(data), blobs: blobStores(blobs), cache: isObject(cache) ? cacheOptions(cache) : cache }
  return createCoreEngine<S>({ ...rest, ...parts })
}

/** What is neither a choice nor a provider is left to core, which names the option that is wrong. */
function dataProvider(given: DataProvider | Choice<DataProviderConfigs>): DataProvider {
  return isObject(given) && 'provider' in given ? dataProviderOf(given) : given
}

function blobStores(given: BlobChoice | SeveralBlobChoices): BlobProvider | SeveralRemotes {
  if (!isObject(given) || !('primary' in given)) return blobProvider(given)
  const { mirrors, ...rest } = given
  return { ...rest, primary: blobProvider(given.primary), ...(mirrors === undefined ? {} : { mirrors: mirrors.map(blobProvider) }) }
}

function blobProvider(given: BlobChoice): BlobProvider {
  return isObject(given) && 'provider' in given ? blobProviderOf(given) : given
}

/** Options may come from code that no compiler has seen. */
function isObject(given: unknown): given is object {
  return typeof given === 'object' && given !== null
}
