import { httpBlobs, type HttpBlobsOptions } from '@bse/blob-http'
import { r2Blobs, type R2BlobsOptions } from '@bse/blob-r2'
import { s3Blobs, type S3BlobsOptions } from '@bse/blob-s3'
import { tusBlobs, type TusBlobsOptions } from '@bse/blob-tus'
import { BseError } from '@bse/core'
import type { BlobProvider, DataProvider } from '@bse/core/provider'
import { electricData, type ElectricDataOptions } from '@bse/data-electric'
import { yjsData, type YjsDataOptions } from '@bse/data-yjs'

/** What `config` is for each name of `blobs.provider`. A package that registers a name adds it by `declare module 'blob-sync-engine/registry'`. */
export interface BlobProviderConfigs {
  readonly 'cloudflare-r2': R2BlobsOptions
  readonly http: HttpBlobsOptions
  readonly s3: S3BlobsOptions
  readonly tus: TusBlobsOptions
}

/** What `config` is for each name of `data.provider`. Added to in the same way. */
export interface DataProviderConfigs {
  readonly 'electric-sql': ElectricDataOptions
  readonly yjs: YjsDataOptions
}

/** A provider by its name, with the options of its package. */
export type Choice<Configs> = { readonly [Name in keyof Configs]: { readonly provider: Name; readonly config: Configs[Name] } }[keyof Configs]

type Section = 'blobs' | 'data'
type Make<Provider> = (config: never) => Provider

const blobs: Map<string, Make<BlobProvider>> = new Map<keyof BlobProviderConfigs, Make<BlobProvider>>([
  ['cloudflare-r2', r2Blobs],
  ['http', httpBlobs],
  ['s3', s3Blobs],
  ['tus', tusBlobs],
])

const data: Map<string, Make<DataProvider>> = new Map<keyof DataProviderConfigs, Make<DataProvider>>([
  ['electric-sql', electricData],
  ['yjs', yjsData],
])

/** Makes a name usable as `blobs.provider`, in the place of what had that name. */
export function registerBlobProvider<Name extends keyof BlobProviderConfigs>(name: Name, make: (config: BlobProviderConfigs[Name]) => BlobProvider): void {
  blobs.set(name, make)
}

/** Makes a name usable as `data.provider`, in the place of what had that name. */
export function registerDataProvider<Name extends keyof DataProviderConfigs>(name: Name, make: (config: DataProviderConfigs[Name]) => DataProvider): void {
  data.set(name, make)
}

/** @throws BseError `PROVIDER_NOT_INSTALLED` for a name that nothing has registered, and what the provider itself says to its options. */
export function blobProviderOf(choice: Choice<BlobProviderConfigs>): BlobProvider {
  return made('blobs', blobs, choice)
}

/** @throws BseError as `blobProviderOf`. */
export function dataProviderOf(choice: Choice<DataProviderConfigs>): DataProvider {
  return made('data', data, choice)
}

function made<Provider>(section: Section, known: ReadonlyMap<string, Make<Provider>>, { provider, config }: { readonly provider: string; readonly config: unknown }): Provider {
  const make = known.get(provider)
  if (make === undefined) throw notInstalled(section, provider, [...known.keys()])
  // Each name is registered with a function that takes its own options.
  return make(config as never)
}

function notInstalled(section: Section, provider: string, names: readonly string[]): BseError {
  const register = section === 'blobs' ? 'registerBlobProvider' : 'registerDataProvider'
  const message = `blob-sync-engine: ${section}.provider: nothing is registered under this name. Known are ${names.join(', ')}; others by ${register} of blob-sync-engine/registry.`
  return new BseError('PROVIDER_NOT_INSTALLED', message, { section, provider })
}
