// `demo-store.ts s3|r2`: a bucket in memory for the demo. Prints what VITE_BLOBS is to be, and runs until it is ended.
import { startDemoStore } from './services/demo-store.ts'

const [, , kind] = process.argv
if (kind !== 's3' && kind !== 'r2') throw new Error('which store: s3 or r2?')
const store = await startDemoStore(kind)
process.stdout.write(`${store.blobs}\n`)
const end = (): void => void store.close().finally(() => process.exit(0))
process.once('SIGTERM', end).once('SIGINT', end)
