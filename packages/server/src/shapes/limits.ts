/** How much one endpoint takes on. Sizes are bytes, waits are milliseconds. */
export interface ShapeLimits {
  /** An answer ends after the message that reaches this. Default 10 MiB. */
  readonly chunkBytes: number
  /** Shapes kept at once; past it the one that was unused longest is given up. Default 1,000. */
  readonly maxShapes: number
  /** Rows of one shape's snapshot. Default 1,000,000. */
  readonly maxRows: number
  /** Requests that wait at once. Default 10,000. */
  readonly maxClients: number
  /** Changes that may wait to be taken, for example while this server was down; past it all shapes begin anew. Default 200,000. */
  readonly maxWaitingChanges: number
  /** Changes of one shape kept in memory; older ones are read from the database. Default 4 MiB. */
  readonly tailBytes: number
  /** A log that is longer is compacted; one that stays longer is given up with its shape. Default 64 MiB. */
  readonly maxLogBytes: number
  /** Of each statement with a condition of a request. Default 10 s. */
  readonly queryTimeoutMs: number
}

export const DEFAULT_LIMITS: ShapeLimits = {
  chunkBytes: 10_485_760,
  maxShapes: 1_000,
  maxRows: 1_000_000,
  maxClients: 10_000,
  maxWaitingChanges: 200_000,
  tailBytes: 4_194_304,
  maxLogBytes: 67_108_864,
  queryTimeoutMs: 10_000,
}
