export type { AuthCallback, AuthResult } from './auth/tokens.ts'
export type { BatchTable, BatchTables } from './batch.ts'
export type { Collection, EngineQuery } from './collection.ts'
export { createSyncEngine, type Collections, type EngineMembers, type SyncEngine } from './engine.ts'
export { DEFAULTS, type CacheOptions, type OfflineOptions, type Size, type SyncEngineOptions } from './engine-options.ts'
export type { Settings } from './option-table.ts'
export { platformEnvironment } from './environment/browser.ts'
export { BseError, hasCode, isBseError, type BseErrorCode, type BseErrorDetails, type ValidationIssue } from './errors.ts'
export type {
  BlobCell, ItemReason, PendingItem, PendingMutation, PendingUpload, SyncEvents, SyncListener, SyncOperation, SyncStatus,
} from './events.ts'
export type { Environment } from './provider/environment.ts'
export type { Logger } from './provider/context.ts'
export type {
  BlobColumnsOf, BlobInput, CheckSchema, ColumnDefinition, InsertOf, RowOf, SchemaDefinition, TableDefinition, TableNamesOf, UpdateOf,
} from './schema/index.ts'
export { idbState } from './state/idb-state.ts'
export type { PendingPolicy } from './storage/home.ts'
export type { StorageFallback } from './storage/open-storage.ts'
export { and, not, or, type Combination, type Comparison, type Condition, type Direction, type SortableColumn, type Where } from './store/index.ts'
export { PLACEHOLDER_URL, type BlobUrls, type LiveOptions, type LiveQuery, type LiveSnapshot, type LiveSource, type RowBlobUrls } from './subscription/index.ts'
export type { BlobHash } from './wire/blob-hash.ts'
export type { BlobRef } from './wire/blob-ref.ts'
export { BatchResult, WriteResult } from './write-result.ts'
