export { BseError, hasCode, isBseError, type BseErrorCode, type BseErrorDetails } from '../errors.ts'
export type {
  BlobProvider, BlobProviderCapabilities, BlobSink, BlobSource, OpenedBlob, RemoteRef, RemoteStat, RemoteUrl, UploadIo,
  UploadOutcome, UploadProgress, UploadReceipt, UploadTask,
} from './blob-provider.ts'
export type { ByteRange, CacheEntry, CacheFactory, CacheStore, StagedBytes, StageOptions } from './cache-store.ts'
export type { AuthReason, Credentials, LogFields, Logger, ProviderContext } from './context.ts'
export type {
  ChangeBatch, ColumnType, DataConnection, DataContext, DataProvider, DataProviderCapabilities, DataStorage, PushOutcome,
  RowChange, Settlement, TableShape,
} from './data-provider.ts'
export type {
  Clock, Connectivity, Environment, HeldLock, LockRequest, Locks, OpenTabChannel, PageLifecycle, PlatformStorage, TabChannel,
} from './environment.ts'
export { createFreezeGuard, type FreezeGuard } from './freeze-guard.ts'
export type { PeerPresence } from './peer-presence.ts'
export { assertStateOps, CHANGE_RING_COMMITS, namedReader } from './state-rules.ts'
export type { Decide, KeyRange, StateChange, StateEntry, StateFactory, StateOp, StateStore, UpdateOptions } from './state-store.ts'
