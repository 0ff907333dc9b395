export { sqliteState, type SqliteStateOptions } from './sqlite-state.ts'
