export { directoryStorage } from './directory-storage.ts'
export { createRowsServer, type RowsAccess, type RowsAuthorize, type RowsServer, type RowsServerOptions } from './rows.ts'
export { startServer, type RunningServer, type ServerOptions, type ServerTimeouts } from './start-server.ts'
