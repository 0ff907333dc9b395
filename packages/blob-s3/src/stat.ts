import { STAT_MAX_COUNT, isJsonObject, type BlobHash, type Json } from '@bse/core/wire'
import type { RemoteStat } from '@bse/core/provider'
import type { S3Parts } from './parts.ts'
import { answerMissing } from './presign-client.ts'

/** Asks the presign endpoint, which looks for each object; a thousand at a time. */
export async function statBlobs({ presign }: S3Parts, hashes: readonly BlobHash[], signal: AbortSignal): Promise<readonly RemoteStat[]> {
  signal.throwIfAborted()
  const found: RemoteStat[] = []
  for (let from = 0; from < hashes.length; from += STAT_MAX_COUNT) {
    const asked = hashes.slice(from, from + STAT_MAX_COUNT)
    const answer: unknown = await presign.ask<'stat'>({ do: 'stat', hashes: asked }, { operation: 'stat', signal })
    const results = isJsonObject(answer) && Array.isArray(answer.results) ? (answer.results as readonly Json[]) : []
    if (results.length !== asked.length) throw answerMissing('stat')
    found.push(...results.map((result, index) => statFrom(result, asked[index])))
  }
  return found
}

function statFrom(json: Json, hash: BlobHash | undefined): RemoteStat {
  if (!isJsonObject(json) || json.hash !== hash) throw answerMissing('stat')
  if (json.is === 'stored') return { is: 'stored', sizeBytes: typeof json.sizeBytes === 'number' ? json.sizeBytes : undefined }
  if (json.is === 'absent' || json.is === 'gone') return { is: json.is }
  throw answerMissing('stat')
}
