export { openDirectoryStore } from './directory-store.ts'
export { fsCache, type FsCacheOptions } from './fs-cache.ts'
