// A bucket and a signing server for tests in a browser: `node --conditions=@bse/source s3-server.ts`. It ends with its standard input.
import { startS3Backend } from '../services/s3-backend.ts'

const backend = await startS3Backend()
process.stdout.write(`${JSON.stringify({ storeUrl: backend.storeUrl, presignEndpoint: backend.presignEndpoint })}\n`)
process.stdin.resume().once('end', () => void backend.close().then(() => process.exit(0)))
