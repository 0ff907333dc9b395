import { mkdirSync } from 'node:fs'
import type { Readable } from 'node:stream'
import { FileStore } from '@tus/file-store'
import type { DataStore } from '@tus/server'

/** Where unfinished uploads lie: a data store of tus that can read what it holds, such as its file store and its S3 store. */
export interface TusUploads extends DataStore {
  read(id: string): Readable | Promise<Readable>
}

const WEEK_MS = 604_800_000

/** Unfinished uploads as files. They expire, counted from their beginning; servers that share the directory need a shared locker. */
export function directoryUploads(directory: string, expiresInMs: number = WEEK_MS): TusUploads {
  mkdirSync(directory, { recursive: true })
  return new FileStore({ directory, expirationPeriodInMilliseconds: expiresInMs })
}
