export { idbCache } from './idb-cache.ts'
