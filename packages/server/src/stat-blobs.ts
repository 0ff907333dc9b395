import { BseError, STAT_MAX_COUNT, isBlobHash, type BlobHash, type StatAnswer, type StatEntry } from '@bse/core/wire'
import { jsonAnswer } from './answers.ts'
import { mapLimited, type BlobCall } from './blob-call.ts'
import { rejected } from './http-status.ts'
import { countedBody, readBody, refuseEncodedBody } from './request-body.ts'

const MAX_BODY_BYTES = 131_072
const AT_ONCE = 32

/** Which of these blobs are here, of those that the caller may read; all others are absent. */
export async function statBlobs(call: BlobCall): Promise<Response> {
  if (!/^application\/json\b/i.test(call.request.headers.get('content-type') ?? '')) throw rejected(415, 'wants application/json')
  refuseEncodedBody(call.request)
  const hashes = hashesOf(await readBody(countedBody(call.request, MAX_BODY_BYTES)))
  const results = await mapLimited(hashes, AT_ONCE, (hash) => statOne(call, hash))
  return jsonAnswer(200, { results } satisfies StatAnswer)
}

async function statOne(call: BlobCall, hash: BlobHash): Promise<StatEntry> {
  const grant = await call.grant({ kind: 'read', hash })
  if ('refuse' in grant) {
    if (grant.refuse === 'unauthorized') throw new BseError('UNAUTHORIZED', 'blobs: credentials are missing or expired', {})
    return { hash, is: 'absent' }
  }
  const state = await call.store.head({ space: grant.space, hash })
  return state.is === 'stored' ? { hash, is: 'stored', sizeBytes: state.sizeBytes } : { hash, is: state.is }
}

function hashesOf(body: Uint8Array): readonly BlobHash[] {
  const value = parsed(body)
  if (!Array.isArray(value) || value.length > STAT_MAX_COUNT || !value.every(isBlobHash)) {
    throw new BseError('VALIDATION_FAILED', 'blobs: wrong list of hashes', {
      issues: [{ column: 'body', rule: 'type', message: `wants a JSON array of up to ${STAT_MAX_COUNT} hashes` }],
    })
  }
  return value
}

function parsed(body: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(body))
  } catch {
    return undefined
  }
}
