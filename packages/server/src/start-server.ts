import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import type { Logger } from '@bse/core/provider'
import type { Authorize, RequestContext } from './authorize.ts'
import { createBlobHandler, type BlobHandler } from './blob-handler.ts'
import type { BlobStorage } from './blob-storage.ts'
import { Connections } from './connections.ts'
import type { AllowedOrigins } from './cors.ts'
import { directoryStorage } from './directory-storage.ts'
import { nodeListener } from './node-listener.ts'
import { logRequest, pathOf } from './request-log.ts'
import { ServerPeer, type PeerOptions } from './peer/server-peer.ts'
import { watchedStorage } from './peer/watched-storage.ts'
import { createRowsServer, type RowsAuthorize, type RowsServer } from './rows.ts'
import { createSignOutHandler } from './sign-out.ts'
import { staticFiles, type StaticFiles } from './static-files.ts'
import { withTombstones, type WasCollected } from './tombstones.ts'
import { createTusHandler, type TusHandler } from './tus-handler.ts'
import { directoryUploads, type TusUploads } from './tus-uploads.ts'
import { refuseUpgrade, upgradeRefusal } from './upgrade.ts'

export interface ServerOptions {
  /** Default 127.0.0.1. Whoever opens another one needs `authorize`: without it only this machine is served. */
  readonly host?: string | undefined
  /** 0, the default, takes any free port. */
  readonly port?: number | undefined
  /** Blobs go to `<dataDirectory>/blobs`, unfinished uploads to `uploads`, rows to `rows` there. Created when missing; one server owns it. */
  readonly dataDirectory: string
  /** An app to serve beside the data, for example Vite's `dist`. */
  readonly staticDirectory?: string | undefined
  /** Of blobs. */
  readonly authorize?: Authorize | undefined
  /** Of rows. Without it they are served to this machine only, whatever holds for blobs. */
  readonly authorizeRows?: RowsAuthorize | undefined
  /** Of one blob. Default 2 GiB. */
  readonly maxBytes?: number | undefined
  /** Pages of other origins that may use blobs and rows. */
  readonly origins?: AllowedOrigins | undefined
  /** What answers `/v1/shape` and `/v1/health`: a handler of `@bse/server/shapes`. Closed with the server. */
  readonly shapes?: ShapeRoute | undefined
  /** Makes what answers `/mutations`: a handler of `@bse/server/mutations`, over the blobs of this server. */
  readonly mutations?: OpenMutations | undefined
  /** Whether a blob that is not here was collected: then it is answered 410 and not 404. See `Garbage` of `@bse/server/mutations`. */
  readonly wasCollected?: WasCollected | undefined
  /** Makes it a peer: it announces its blobs in its documents and in those it joins, and fetches from the servers of its list. Default: it is none. */
  readonly peer?: PeerOptions | undefined
  readonly logger?: Logger | undefined
  readonly timeouts?: Partial<ServerTimeouts> | undefined
}

/** Answers the paths below `/v1`. */
export interface ShapeRoute {
  (request: Request, context?: RequestContext): Promise<Response>
  close(): Promise<void>
}

export type OpenMutations = (blobs: BlobStorage) => Promise<(request: Request, context?: RequestContext) => Promise<Response>>

export interface ServerTimeouts {
  /** From the first byte of a request to the end of its headers. Default 10 s. */
  readonly headersMs: number
  /** Without a byte in either direction while the client is at turn. Default 30 s. */
  readonly idleMs: number
  /** What `close` gives to requests under way. Default 10 s. */
  readonly stopMs: number
}

export interface RunningServer {
  readonly url: string
  readonly port: number
  /** Stops listening, finishes requests under way until the deadline, closes every socket. Calling it twice is fine. */
  close(): Promise<void>
}

const TIMEOUTS: ServerTimeouts = { headersMs: 10_000, idleMs: 30_000, stopMs: 10_000 }
const MAX_CONNECTIONS = 10_000
const CHECK_EVERY_MS = 1_000

/** Unfinished uploads live for a week; nobody waits for the minute in which they go. */
const EXPIRE_EVERY_MS = 3_600_000

/** What answers requests, and what must be closed in the end. */
interface Parts {
  readonly store: BlobStorage
  readonly uploads: TusUploads
  readonly rows: RowsServer
  readonly mutations: BlobHandler | undefined
  readonly app: StaticFiles | undefined
  readonly peer: ServerPeer | undefined
}

/**
 * Blobs (`/blobs`), resumable uploads (tus, `/files`), rows (WebSocket `/sync`), shapes (`/v1/shape`), writes (`/mutations`), `/health` and an app's files from one port.
 *
 * @throws the system's error when the port or the directory of the app cannot be had.
 */
export async function startServer(options: ServerOptions): Promise<RunningServer> {
  const { host = '127.0.0.1', port = 0 } = options
  const timeouts = { ...TIMEOUTS, ...options.timeouts }
  const parts = await openParts(options).catch(async (error: unknown) => {
    await options.shapes?.close()
    throw error
  })
  const server = createHttpServer(timeouts)
  const connections = new Connections(server, timeouts.idleMs)
  answerRequests(server, connections, parts, options)
  openRows(server, connections, parts, options)
  try {
    await listen(server, port, host)
  } catch (error) {
    await closeParts(parts)
    await options.shapes?.close()
    throw error
  }
  const stop = async (): Promise<void> => {
    const stopped = connections.stop(timeouts.stopMs)
    await options.shapes?.close()
    await parts.peer?.close()
    await parts.rows.close()
    connections.dropUpgraded()
    await stopped
    await parts.store.close()
  }
  let closing: Promise<void> | undefined
  const { port: actual } = server.address() as AddressInfo
  const url = `http://${host.includes(':') ? `[${host}]` : host}:${actual}`
  parts.peer?.start(url)
  return { url, port: actual, close: () => (closing ??= stop()) }
}

async function openParts(options: ServerOptions): Promise<Parts> {
  const { authorizeRows, dataDirectory, logger, staticDirectory, wasCollected } = options
  const app = staticDirectory === undefined ? undefined : staticFiles(staticDirectory)
  const stored = directoryStorage(join(dataDirectory, 'blobs'))
  const mutations = await options.mutations?.(stored)
  const peer = options.peer === undefined ? undefined : new ServerPeer({ store: stored, options: options.peer, logger })
  const known = wasCollected === undefined ? stored : withTombstones(stored, wasCollected)
  const store = peer === undefined ? known : watchedStorage(known, (key) => peer.stored(key))
  const rows = await createRowsServer({ dataDirectory: join(dataDirectory, 'rows'), authorize: authorizeRows, logger, presence: peer })
  return { app, peer, rows, mutations, store, uploads: directoryUploads(join(dataDirectory, 'uploads')) }
}

async function closeParts(parts: Parts): Promise<void> {
  await parts.rows.close()
  await parts.store.close()
}

function createHttpServer(timeouts: ServerTimeouts): Server {
  const server = createServer({
    connectionsCheckingInterval: Math.min(CHECK_EVERY_MS, timeouts.headersMs),
    headersTimeout: timeouts.headersMs,
    // A large upload over a slow line takes as long as it takes; idle sockets are what is cut.
    requestTimeout: 0,
  })
  server.maxConnections = MAX_CONNECTIONS
  return server
}

function answerRequests(server: Server, connections: Connections, parts: Parts, options: ServerOptions): void {
  const { authorize, logger, maxBytes, origins, shapes } = options
  const blobs = createBlobHandler({ store: parts.store, authorize, maxBytes, origins, logger })
  const tus = createTusHandler({ store: parts.store, uploads: parts.uploads, authorize, maxBytes, origins, logger })
  const handlers: Handlers = {
    '/blobs': nodeListener(blobs),
    '/files': nodeListener((request, context) => tus.handle(request, context)),
    ...(shapes === undefined ? {} : { '/v1': nodeListener(shapes) }),
    ...(parts.mutations === undefined ? {} : { '/mutations': nodeListener(parts.mutations) }),
    '/sign-out': nodeListener(createSignOutHandler()),
  }
  server.on('request', (incoming, outgoing) => {
    connections.track(incoming, outgoing)
    logRequest(logger, incoming, outgoing)
    route(incoming, outgoing, handlers, parts.app)
  })
  removeExpiredNowAndThen(server, tus, logger)
}

function removeExpiredNowAndThen(server: Server, tus: TusHandler, logger: Logger | undefined): void {
  const remove = (): void => {
    tus.removeExpired().catch((error: unknown) => logger?.error('expired uploads cannot be removed', { cause: String(error) }))
  }
  const timer = setInterval(remove, EXPIRE_EVERY_MS).unref()
  server.once('listening', remove)
  server.once('close', () => clearInterval(timer))
}

function openRows(server: Server, connections: Connections, parts: Parts, { origins = [] }: ServerOptions): void {
  server.on('upgrade', (incoming, socket, head) => {
    connections.trackUpgraded(socket)
    const refusal = upgradeRefusal(incoming, origins)
    if (refusal !== undefined) return refuseUpgrade(socket, refusal)
    incoming.socket.setTimeout(0)
    parts.rows.handleUpgrade(incoming, socket, head)
  })
}

type Listener = (incoming: IncomingMessage, outgoing: ServerResponse) => void

type Handlers = Readonly<Record<'/blobs' | '/files' | '/sign-out', Listener>> & { readonly '/v1'?: Listener; readonly '/mutations'?: Listener }

function route(incoming: IncomingMessage, outgoing: ServerResponse, handlers: Handlers, app: StaticFiles | undefined): void {
  const path = pathOf(incoming)
  for (const base of ['/blobs', '/files', '/sign-out', '/v1', '/mutations'] as const) {
    const handler = handlers[base]
    if (handler !== undefined && (path === base || path.startsWith(`${base}/`))) return handler(incoming, outgoing)
  }
  if (path === '/health') return answerJson(outgoing, 200, { status: 'ok' })
  const missing = (): void => answerJson(outgoing, 404, { error: { code: 'REJECTED', message: 'no such route', details: { status: 404, reason: 'no such route' } } })
  if (app === undefined) missing()
  else app(incoming, outgoing, missing)
}

function answerJson(outgoing: ServerResponse, status: number, body: unknown): void {
  outgoing.writeHead(status, { 'content-type': 'application/json; charset=utf-8', 'cache-control': 'no-store', 'x-content-type-options': 'nosniff' })
  outgoing.end(JSON.stringify(body))
}

function listen(server: Server, port: number, host: string): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject)
    server.listen(port, host, () => {
      server.off('error', reject)
      resolve()
    })
  })
}
