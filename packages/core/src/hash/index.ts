export { hashBlob } from './hash-blob.ts'
export { createHasher, type Hasher } from './hasher.ts'
export { readChunks } from './read-chunks.ts'
export { hashInWorker, type HashOptions } from './worker-pool.ts'
