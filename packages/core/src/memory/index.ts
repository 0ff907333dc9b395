export { memoryCache } from './memory-cache.ts'
export { memoryChannels } from './memory-channels.ts'
export { memoryLocks } from './memory-environment.ts'
export { memoryState } from './memory-state.ts'
