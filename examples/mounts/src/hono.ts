import { createBlobHandler, type BlobStorage } from '@bse/server'
import { Hono } from 'hono'
import { authorize, isThisMachine } from './authorize.ts'

/** Wherever Hono runs: Node, Bun, Deno, Workers. */
export function honoApp(store: BlobStorage): Hono {
  const handleBlobs = createBlobHandler({ store, authorize, origins: isThisMachine })
  const app = new Hono()
  app.all('/blobs', ({ req }) => handleBlobs(req.raw))
  app.all('/blobs/*', ({ req }) => handleBlobs(req.raw))
  return app
}
