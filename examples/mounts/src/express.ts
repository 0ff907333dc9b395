import { createBlobHandler, type BlobStorage } from '@bse/server'
import { nodeListener } from '@bse/server/node'
import express, { type Express } from 'express'
import { authorize, isThisMachine } from './authorize.ts'

/** Before any middleware that reads bodies: the bytes are streamed. */
export function expressApp(store: BlobStorage): Express {
  const app = express()
  app.all(/^\/blobs(?:\/|$)/, nodeListener(createBlobHandler({ store, authorize, origins: isThisMachine })))
  return app
}
