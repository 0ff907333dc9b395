/** Who wins when the server has another value by now than the person saw: docs/spec/conflicts.md. */
export type ConflictResolution = 'last-write-wins' | 'server-wins' | 'manual'

/** Whose values are in force now; `open` while nobody has decided. */
export type ConflictOutcome = 'open' | 'local' | 'remote' | 'merged'
