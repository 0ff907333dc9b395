// A Worker with an R2 bucket for tests in a browser: `node r2-server.ts`. It ends with its standard input.
import { join } from 'node:path'
import { startWorker } from '../services/workerd.ts'

const worker = await startWorker(join(import.meta.dirname, '../../examples/mounts/src/worker.ts'), { r2Buckets: ['MEDIA'] })
process.stdout.write(`${JSON.stringify({ url: worker.url })}\n`)
process.stdin.resume().once('end', () => void worker.close().then(() => process.exit(0)))
