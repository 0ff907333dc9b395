import type { BseError } from './errors.ts'

/** What came of a call that does not throw: exactly one of both is there. Switch on `error.code`. */
export type Result<Value> = { readonly data: Value; readonly error: null } | { readonly data: null; readonly error: BseError }
