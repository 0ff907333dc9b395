export type { BlobAccess } from './blob-access.ts'
export type { BlobUrls, LiveOptions, LiveQuery, LiveSnapshot, LiveSource, RowBlobUrls } from './live-query.ts'
export { PLACEHOLDER_URL } from './placeholder.ts'
export { createSubscriptions, type Subscriptions } from './subscriptions.ts'
