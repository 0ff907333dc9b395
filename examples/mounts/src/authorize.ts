import type { Authorize } from '@bse/server'

/** Yours: who is asking, and which space (tenant) is theirs? Here everybody who has the family's word belongs to it. */
export const authorize: Authorize = (request) => {
  const isFamily = request.headers.get('authorization') === 'Bearer open sesame'
  return isFamily ? { space: 'family' } : { refuse: 'unauthorized' }
}

/** Pages that may ask: during development those of this machine, whatever their port. */
export function isThisMachine(origin: string): boolean {
  return URL.canParse(origin) && ['localhost', '127.0.0.1'].includes(new URL(origin).hostname)
}
