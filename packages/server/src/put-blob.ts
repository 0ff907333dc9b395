import type { BlobHash, PutAnswer } from '@bse/core/wire'
import { jsonAnswer } from './answers.ts'
import { spaceFor, type BlobCall } from './blob-call.ts'
import { countedBody, discardBody, refuseEncodedBody } from './request-body.ts'

/** 201 for new bytes, 200 for bytes that are here. Who may not read the blob sends all of it and hears 201 either way. */
export async function putBlob(call: BlobCall, hash: BlobHash): Promise<Response> {
  const space = await spaceFor(call, { kind: 'write', hash })
  refuseEncodedBody(call.request)
  const body = countedBody(call.request, call.maxBytes)
  const key = { space, hash }
  const mayKnow = await mayRead(call, hash, space)
  const before = mayKnow ? await call.store.head(key) : undefined
  if (before?.is === 'stored') {
    await discardBody(body)
    return jsonAnswer(200, { hash, sizeBytes: before.sizeBytes } satisfies PutAnswer)
  }
  const put = await call.store.put(key, body)
  const status = put.outcome === 'already-present' && mayKnow ? 200 : 201
  return jsonAnswer(status, { hash, sizeBytes: put.sizeBytes } satisfies PutAnswer)
}

async function mayRead(call: BlobCall, hash: BlobHash, space: string): Promise<boolean> {
  const grant = await call.grant({ kind: 'read', hash })
  return 'space' in grant && grant.space === space
}
