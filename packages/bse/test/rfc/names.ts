import type { BlobHash } from 'blob-sync-engine'

/** What the RFC's sample uses and does not say: where its services are, what an app does with the news. */
export interface Setting {
  readonly electricUrl: string
  readonly presignEndpoint: string
  readonly storeUrl: string
  readonly name: string
  readonly onNews: (news: News) => void
}

export type News =
  | { readonly is: 'online' }
  | { readonly is: 'progress'; readonly id: BlobHash; readonly progress: number }
  | { readonly is: 'uploaded'; readonly url: string }
  | { readonly is: 'error'; readonly operation: string; readonly error: unknown }
  | { readonly is: 'toast'; readonly text: string }
  | { readonly is: 'evicted'; readonly text: string }
