/** What an error of the database says about the mutation that met it. */
export type SqlVerdict =
  /** Others were at the same rows: the same again may pass. */
  | { readonly is: 'again' }
  /** A row came into the way; when it is met again it is a rule that is broken. */
  | { readonly is: 'taken' }
  | { readonly is: 'rejected'; readonly code: string }
  /** Nothing is known: the database failed, not the mutation. */
  | { readonly is: 'failed' }

/** Serialization failure, deadlock, a lock that was waited for in vain. */
const AGAIN: ReadonlySet<string> = new Set(['40001', '40P01', '55P03'])
const UNIQUE = '23505'
/** By class: the value does not fit; a rule is broken; the role may not; a trigger raised an error. */
const REJECTED: Readonly<Record<string, string>> = { 22: 'VALIDATION_FAILED', 23: 'CONSTRAINT', 42501: 'FORBIDDEN', P0001: 'REFUSED' }

export function verdictOf(error: unknown): SqlVerdict {
  const state = stateOf(error)
  if (state === undefined) return { is: 'failed' }
  if (AGAIN.has(state)) return { is: 'again' }
  if (state === UNIQUE) return { is: 'taken' }
  const code = REJECTED[state] ?? REJECTED[state.slice(0, 2)]
  return code === undefined ? { is: 'failed' } : { is: 'rejected', code }
}

/** Both drivers put the SQLSTATE into `code`; a lost connection has a name of Node's there. */
function stateOf(error: unknown): string | undefined {
  if (typeof error !== 'object' || error === null || !('code' in error) || typeof error.code !== 'string') return undefined
  return /^[0-9A-Z]{5}$/.test(error.code) ? error.code : undefined
}
