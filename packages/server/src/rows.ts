import type { IncomingMessage } from 'node:http'
import type { Duplex } from 'node:stream'
import {
  Hocuspocus, type afterLoadDocumentPayload, type beforeHandleAwarenessPayload, type beforeSyncPayload, type beforeUnloadDocumentPayload, type Document, type onAuthenticatePayload, type onLoadDocumentPayload,
} from '@hocuspocus/server'
import { WebSocketServer, type WebSocket } from 'ws'
import { decodeUpdate, snapshot, snapshotContainsUpdate } from 'yjs'
import type { Logger } from '@bse/core/provider'
import { loopbackGrant } from './authorize.ts'
import { isDocumentName } from './document-name.ts'
import { DocumentStore } from './document-store.ts'

/** Who wants which document. */
export interface RowsAccess {
  readonly documentName: string
  /** As the client sent it; empty when it sent none. */
  readonly token: string
  readonly request: Request
}

/** `write` includes reading. */
export type RowsAuthorize = (access: RowsAccess) => 'write' | 'read' | 'refuse' | Promise<'write' | 'read' | 'refuse'>

export interface RowsServerOptions {
  /** One file for each document. Created when missing; one process owns it. */
  readonly dataDirectory: string
  /** Asked for each document of each connection. Without it only programs on this machine are let in. */
  readonly authorize?: RowsAuthorize | undefined
  readonly logger?: Logger | undefined
  /** Told of the awareness of each document while it is open. */
  readonly presence?: DocumentPresence | undefined
}

/** Who speaks for this server in its documents. */
export interface DocumentPresence {
  attach(awareness: Document['awareness']): void
  detach(awareness: Document['awareness']): void
}

export interface RowsServer {
  /** Takes over the socket of a WebSocket request. */
  handleUpgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void
  /** Ends every connection; resolves once all that was received is on disk. Calling it twice is fine. */
  close(): Promise<void>
}

const MAX_MESSAGE_BYTES = 64 * 1024 * 1024
/** What a device has written offline comes at once, while its document is still being read; 5 MB of it at most. */
const MAX_EARLY_MESSAGES = 20_000
/** Five hundred hashes and what an app has beside them. */
const MAX_STATE_CHARS = 131_072
/** Clients in one message: mostly one. */
const MAX_STATES = 1_000
const GOING_AWAY = 1001
const STEP_2 = 1
const UPDATE = 2

/**
 * Yjs documents over the Hocuspocus protocol. An update is on disk before it is applied, passed on or acknowledged, so a
 * server that is killed has everything that it ever said it had.
 */
export async function createRowsServer({ dataDirectory, authorize, logger, presence }: RowsServerOptions): Promise<RowsServer> {
  const store = await DocumentStore.open(dataDirectory, logger)
  const hocuspocus = new Hocuspocus({
    quiet: true,
    // There is nothing left to store when it would: a document without connections may go at once.
    debounce: 0,
    maxUnauthenticatedQueueMessages: MAX_EARLY_MESSAGES,
    onConnect: async ({ documentName }: { readonly documentName: string }) => checkName(documentName),
    onAuthenticate: (payload: onAuthenticatePayload) => checkAccess(payload, authorize),
    onLoadDocument: async ({ documentName }: onLoadDocumentPayload) => store.log(documentName).load(),
    afterLoadDocument: async ({ document }: afterLoadDocumentPayload) => presence?.attach(document.awareness),
    beforeUnloadDocument: async ({ instance, documentName }: beforeUnloadDocumentPayload) => detach(presence, instance.documents.get(documentName)),
    beforeHandleAwareness: async ({ states }: beforeHandleAwarenessPayload) => dropLargeStates(states),
    beforeSync: (payload: beforeSyncPayload) => storeBeforeApplying(payload, store, logger),
    afterUnloadDocument: ({ documentName }: { readonly documentName: string }) => store.release(documentName),
  })
  const webSockets = new WebSocketServer({ noServer: true, maxPayload: MAX_MESSAGE_BYTES })
  let closing: Promise<void> | undefined
  return {
    handleUpgrade: (incoming, socket, head) => {
      const request = toRequest(incoming)
      if (closing !== undefined || request === undefined) return refuse(socket, '503 Service Unavailable')
      const isLocal = 'space' in loopbackGrant(request, { remoteAddress: incoming.socket.remoteAddress })
      if (authorize === undefined && !isLocal) return refuse(socket, '403 Forbidden')
      webSockets.handleUpgrade(incoming, socket, head, (webSocket) => serve(hocuspocus, webSocket, request, logger))
    },
    close: () => (closing ??= closeAll(hocuspocus, webSockets, store)),
  }
}

/**
 * Hocuspocus awaits this hook before it applies a client's update; its own `onStoreDocument` runs seconds after it has
 * acknowledged. A throw closes the connection without an acknowledgement, and the client sends again.
 */
async function storeBeforeApplying({ type, payload, connection, document, documentName }: beforeSyncPayload, store: DocumentStore, logger: Logger | undefined): Promise<void> {
  const carriesChanges = type === STEP_2 || type === UPDATE
  if (!carriesChanges || connection.readOnly) return
  // Nothing unreadable may reach the file, since loading reads it all.
  decodeUpdate(payload)
  // Each reconnect ends with a step 2 that mostly has nothing new in it.
  if (type === STEP_2 && snapshotContainsUpdate(snapshot(document), payload)) return
  try {
    await store.log(documentName).append(payload)
  } catch (error) {
    logger?.error('rows: an update could not be stored', { error: String(error) })
    throw error
  }
}

function detach(presence: DocumentPresence | undefined, document: Document | undefined): void {
  if (document !== undefined) presence?.detach(document.awareness)
}

/** What one client says of itself is passed on to all others, again and again: it has to be small. */
function dropLargeStates(states: Map<number, unknown>): void {
  for (const [client, state] of states) if (states.size > MAX_STATES || JSON.stringify(state).length > MAX_STATE_CHARS) states.delete(client)
}

function checkName(documentName: string): void {
  if (!isDocumentName(documentName)) throw refusal('bad-document-name')
}

async function checkAccess({ documentName, token, request, connectionConfig }: onAuthenticatePayload, authorize: RowsAuthorize | undefined): Promise<void> {
  const access = authorize === undefined ? 'write' : await authorize({ documentName, token, request })
  if (access === 'refuse') throw refusal('permission-denied')
  connectionConfig.readOnly = access === 'read'
}

/** Hocuspocus sends `reason` to the client; an empty message keeps the refusal out of its console output. */
function refusal(reason: string): Error {
  return Object.assign(new Error(''), { reason })
}

function serve(hocuspocus: Hocuspocus, webSocket: WebSocket, request: Request, logger: Logger | undefined): void {
  webSocket.binaryType = 'nodebuffer'
  const client = hocuspocus.handleConnection(webSocket, request)
  webSocket.on('message', (data) => client.handleMessage(new Uint8Array(data as Buffer)))
  webSocket.on('close', (code, reason) => client.handleClose({ code, reason: reason.toString() }))
  webSocket.on('error', (error) => logger?.debug('rows: a socket failed', { error: error.message }))
}

async function closeAll(hocuspocus: Hocuspocus, webSockets: WebSocketServer, store: DocumentStore): Promise<void> {
  const connections = [...hocuspocus.documents.values()].flatMap((document) => document.getConnections())
  for (const webSocket of webSockets.clients) webSocket.close(GOING_AWAY)
  hocuspocus.closeConnections()
  await Promise.all(connections.map((connection) => connection.waitForPendingMessages()))
  for (const webSocket of webSockets.clients) webSocket.terminate()
  await new Promise<void>((resolve) => webSockets.close(() => resolve()))
  await store.close()
}

/** `undefined` when the head makes no sense. */
function toRequest(incoming: IncomingMessage): Request | undefined {
  const url = `http://${incoming.headers.host ?? ''}${incoming.url ?? '/'}`
  if (!URL.canParse(url)) return undefined
  const headers = new Headers()
  for (const [name, value] of Object.entries(incoming.headers)) {
    if (value !== undefined) headers.set(name, Array.isArray(value) ? value.join(', ') : value)
  }
  return new Request(url, { headers })
}

function refuse(socket: Duplex, status: string): void {
  socket.end(`HTTP/1.1 ${status}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`)
}
