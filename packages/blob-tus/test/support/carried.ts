import { randomBytes } from 'node:crypto'
import { onTestFinished } from 'vitest'
import type { BlobProvider, ProviderContext, UploadIo, UploadTask } from '@bse/core/provider'
import { hashBlob } from '@bse/core/hash'
import type { Json } from '@bse/core/wire'
import { plainProviderContext } from '@bse/core/testing'
import { httpBlobs } from '@bse/blob-http'
import { tusBlobs, type TusBlobsOptions } from '../../src/index.ts'

/** A provider over `url`, where blobs and uploads are answered; closed after the test. */
export function connected(url: string, options: Partial<TusBlobsOptions> = {}, context: Partial<ProviderContext> = {}): BlobProvider {
  const provider = tusBlobs({ endpoint: `${url}/files`, source: httpBlobs({ url: `${url}/blobs` }), ...options })
  provider.connect(plainProviderContext(context))
  onTestFinished(() => provider.close())
  return provider
}

export async function randomTask(sizeBytes: number): Promise<UploadTask> {
  const blob = new Blob([randomBytes(sizeBytes)])
  return { blob, sizeBytes, type: '', hash: await hashBlob(blob) }
}

/** What one device remembers between its tries. */
export interface Memory {
  readonly io: UploadIo
  readonly checkpoint: Json | undefined
  readonly reports: readonly { readonly sentBytes: number; readonly confirmedBytes: number }[]
}

export function memory(): Memory {
  const state: { checkpoint: Json | undefined } = { checkpoint: undefined }
  const reports: { sentBytes: number; confirmedBytes: number }[] = []
  const io: UploadIo = {
    get checkpoint() {
      return state.checkpoint
    },
    saveCheckpoint: async (next) => {
      state.checkpoint = JSON.parse(JSON.stringify(next)) as Json
    },
    onProgress: (progress) => reports.push(progress),
    signal: new AbortController().signal,
  }
  return {
    io,
    reports,
    get checkpoint() {
      return state.checkpoint
    },
  }
}

export async function isStored(provider: BlobProvider, { hash }: UploadTask): Promise<boolean> {
  const [stat] = await provider.stat([hash], { signal: new AbortController().signal })
  return stat?.is === 'stored'
}
