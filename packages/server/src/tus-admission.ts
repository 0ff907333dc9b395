import { BseError } from '@bse/core/wire'
import { loopbackGrant, spaceOf, type Authorize, type RequestContext } from './authorize.ts'
import { refuseForeignWrite, type AllowedOrigins } from './cors.ts'
import { rejected } from './http-status.ts'
import { refuseEncodedBody } from './request-body.ts'
import { announcedHash, ownerOf, type UploadOwner } from './tus-owner.ts'
import type { TusUploads } from './tus-uploads.ts'

export interface AdmissionRules {
  readonly uploads: TusUploads
  readonly authorize: Authorize | undefined
  readonly maxBytes: number
  readonly basePath: string
  readonly origins: AllowedOrigins
}

export interface Admitted {
  readonly owner: UploadOwner
  /** Of the upload that is there already; `undefined` for one that is to be created. */
  readonly id: string | undefined
}

const UPLOAD_ID = /^[0-9a-f]{32}$/

export function isUploadId(text: string | undefined): text is string {
  return text !== undefined && UPLOAD_ID.test(text)
}

/**
 * Which requests there are, and who may make them.
 *
 * @throws BseError `REJECTED`, `VALIDATION_FAILED`, `TOO_LARGE`, `UNAUTHORIZED`, `FORBIDDEN`; the data store's own for an unknown upload.
 */
export async function admit(rules: AdmissionRules, request: Request, context: RequestContext): Promise<Admitted> {
  const { basePath, origins } = rules
  const { pathname } = new URL(request.url)
  const last = pathname.startsWith(`${basePath}/`) ? pathname.slice(basePath.length + 1) : undefined
  const isBase = pathname === basePath || last === ''
  if (!isBase && !isUploadId(last)) throw rejected(404, 'no such route')
  if (!(isBase ? ['POST'] : ['HEAD', 'PATCH', 'DELETE']).includes(request.method)) throw rejected(405, 'no such method here')
  if (request.method !== 'HEAD') refuseForeignWrite(request, origins)
  refuseEncodedBody(request)
  return isUploadId(last) ? { id: last, owner: await knownOwner(rules, request, context, last) } : { id: undefined, owner: await newOwner(rules, request, context) }
}

async function newOwner(rules: AdmissionRules, request: Request, context: RequestContext): Promise<UploadOwner> {
  const { maxBytes } = rules
  if (request.headers.has('upload-defer-length')) throw rejected(400, 'an upload has a length')
  const sizeBytes = Number(request.headers.get('upload-length') ?? Number.NaN)
  if (sizeBytes > maxBytes) throw new BseError('TOO_LARGE', 'tus: larger than the limit', { sizeBytes, limitBytes: maxBytes })
  const hash = announcedHash(request)
  return { hash, space: await spaceFor(rules, request, context, hash) }
}

/** An upload of another space looks like one that is not there. */
async function knownOwner(rules: AdmissionRules, request: Request, context: RequestContext, id: string): Promise<UploadOwner> {
  const owner = ownerOf(await rules.uploads.getUpload(id))
  const space = owner === undefined ? undefined : await spaceFor(rules, request, context, owner.hash)
  if (owner === undefined || space !== owner.space) throw rejected(404, 'no such upload')
  return owner
}

async function spaceFor({ authorize }: AdmissionRules, request: Request, context: RequestContext, hash: UploadOwner['hash']): Promise<string> {
  const action = { kind: 'write', hash } as const
  return spaceOf(authorize === undefined ? loopbackGrant(request, context) : await authorize(request, action), action)
}
