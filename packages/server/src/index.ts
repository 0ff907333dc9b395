export type { Authorize, BlobAction, Grant, RequestContext } from './authorize.ts'
export { createBlobHandler, type BlobHandler, type BlobHandlerOptions } from './blob-handler.ts'
export type { BlobKey, BlobStorage, PutResult, StoredPage, StoredState } from './blob-storage.ts'
export type { AllowedOrigins } from './cors.ts'
