/**
 * Whether an announced URL is that of a remote of the configuration, by the name that the ledger has for it. It is compared and never called, so
 * whatever it spells leads to no host that the app did not name. With or without the path of the blobs.
 */
export function announcedAs(url: string, remoteId: string): boolean {
  const parsed = URL.parse(url)
  if (parsed === null || (parsed.protocol !== 'http:' && parsed.protocol !== 'https:')) return false
  if (parsed.username !== '' || parsed.password !== '') return false
  const base = `http:${parsed.origin}${parsed.pathname.replace(/\/+$/, '')}`
  return remoteId === base || remoteId === `${base}/blobs`
}
