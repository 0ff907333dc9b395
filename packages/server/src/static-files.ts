import type { IncomingMessage, ServerResponse } from 'node:http'
import sirv from 'sirv'

/** Names as bundlers give them: what is behind such a name never changes. */
const HASHED_NAME = /[-.][A-Za-z0-9_-]{8,}\.(?:js|css|woff2?|png|jpe?g|svg|webp|avif|wasm|map)$/

export type StaticFiles = (request: IncomingMessage, response: ServerResponse, next: () => void) => void

/**
 * An app of one page: paths without a file are its own affair and get `index.html`. The directory is read once, at the start.
 * Only names with a hash are cached for good; everything else is asked for again, by ETag.
 */
export function staticFiles(directory: string): StaticFiles {
  return sirv(directory, {
    etag: true,
    single: true,
    setHeaders: (response, path) => {
      response.setHeader('cache-control', HASHED_NAME.test(path) ? 'public, max-age=31536000, immutable' : 'no-cache')
      response.setHeader('x-content-type-options', 'nosniff')
    },
  })
}
