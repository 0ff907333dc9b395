import { createBlobHandler } from '@bse/server'
import { directoryStorage } from '@bse/server/node'
import { authorize, isThisMachine } from './authorize.ts'

/** Where bytes are kept: a directory of one server, here. `bucketStorage` over a bucket is for many. */
const store = directoryStorage(process.env['BLOBS_DIRECTORY'] ?? '.data/blobs')

/** For the methods of a route handler; the bytes are streamed. */
export const handleBlobs: (request: Request) => Promise<Response> = createBlobHandler({ store, authorize, origins: isThisMachine })
