import { createHash, timingSafeEqual } from 'node:crypto'

/** Whether the query carries the secret, under its name or its older one. Takes as long for a wrong one. */
export function isSecret(query: URLSearchParams, secret: string): boolean {
  const sent = query.get('secret') ?? query.get('api_secret') ?? ''
  return timingSafeEqual(digest(sent), digest(secret))
}

function digest(text: string): Buffer {
  return createHash('sha256').update(text).digest()
}
