import { mkdirSync } from 'node:fs'
import type { Readable } from 'node:stream'
import { FileStore } from '@tus/file-store'
import type { DataStore } from '@tus/server'
import type { S3Bucket } from './s3-bucket.ts'

/** Where unfinished uploads lie: a data store of tus that can read what it holds, such as its file store and its S3 store. */
export interface TusUploads extends DataStore {
  read(id: string): Readable | Promise<Readable>
  /** Frees an upload that has all its bytes. Default: like one that has not. */
  removeComplete?(id: string): Promise<void>
}

/**
 * Unfinished uploads in a bucket, by tus's S3 store over the same one. That store can end uploads that miss bytes; a complete one is an object, and
 * goes as an object. Give it a `cache` that keeps nothing where there are several servers.
 */
export function bucketUploads<Store extends TusUploads>(store: Store, bucket: Pick<S3Bucket, 'delete'>): Store {
  const removeComplete = async (id: string): Promise<void> => {
    await bucket.delete(id)
    await bucket.delete(`${id}.info`)
  }
  return Object.assign(store, { removeComplete })
}

const WEEK_MS = 604_800_000

/** Unfinished uploads as files. They expire, counted from their beginning; servers that share the directory need a shared locker. */
export function directoryUploads(directory: string, expiresInMs: number = WEEK_MS): TusUploads {
  mkdirSync(directory, { recursive: true })
  return new FileStore({ directory, expirationPeriodInMilliseconds: expiresInMs })
}
