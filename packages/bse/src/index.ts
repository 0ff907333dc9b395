export { httpBlobs } from '@bse/blob-http'
export { r2Blobs } from '@bse/blob-r2'
export { s3Blobs } from '@bse/blob-s3'
export { tusBlobs } from '@bse/blob-tus'
export { idbCache } from '@bse/cache-idb'
export { opfsCache } from '@bse/cache-opfs'
export {
  and, BseError, DEFAULTS, hasCode, idbState, isBseError, not, or, platformEnvironment,
  type AuthCallback, type AuthResult, type BlobHash, type BlobRef, type Conflict, type ConflictAnswer, type InsertOf, type LiveQuery, type LiveSnapshot, type PendingItem,
  type RowOf, type SchemaDefinition, type SyncEngine, type SyncEvents, type SyncStatus, type UpdateOf,
} from '@bse/core'
export { electricData } from '@bse/data-electric'
export { hocuspocusSync, yjsData } from '@bse/data-yjs'
export type { CacheBackendName, CacheChoice } from './cache-backend.ts'
export { createSyncEngine, type BlobChoice, type BlobSyncEngineOptions, type SeveralBlobChoices } from './create-sync-engine.ts'
export type { BlobProviderConfigs, Choice, DataProviderConfigs } from './registry.ts'
