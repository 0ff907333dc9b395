import { isJsonObject, type Json } from '@bse/core/wire'

/** What a later try needs: the address of the upload. Kept in the engine's own records, never in a storage of tus-js-client's. */
export function checkpointOf(uploadUrl: string, sizeBytes: number): Json {
  return { uploadUrl, sizeBytes }
}

/** The address of an upload of this very size at this very server; `undefined` for a checkpoint that means nothing here. */
export function uploadUrlIn(checkpoint: Json | undefined, endpoint: URL, sizeBytes?: number): string | undefined {
  if (!isJsonObject(checkpoint)) return undefined
  const { uploadUrl } = checkpoint
  const fits = sizeBytes === undefined || checkpoint.sizeBytes === sizeBytes
  return typeof uploadUrl === 'string' && fits && isAt(endpoint, uploadUrl) ? uploadUrl : undefined
}

/** Nothing of this adapter ever talks to another origin: credentials would go along. */
export function isAt(endpoint: URL, uploadUrl: string): boolean {
  return URL.canParse(uploadUrl, endpoint) && new URL(uploadUrl, endpoint).origin === endpoint.origin
}
