export { opfsCache, type OpfsCacheOptions } from './opfs-cache.ts'
