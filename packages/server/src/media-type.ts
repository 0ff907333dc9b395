import { fileTypeFromBuffer } from 'file-type'
import type { BlobHash } from '@bse/core/wire'

/** What a browser may show in place: pictures made of pixels, sound and film. SVG, HTML, XML and PDF can carry scripts. */
const INLINE: ReadonlySet<string> = new Set([
  'image/jpeg', 'image/png', 'image/apng', 'image/gif', 'image/webp', 'image/avif', 'image/heic', 'image/heif', 'image/bmp', 'image/tiff',
  'image/jxl', 'audio/mpeg', 'audio/mp4', 'audio/x-m4a', 'audio/aac', 'audio/ogg', 'audio/ogg; codecs=opus', 'audio/opus', 'audio/flac',
  'audio/wav', 'audio/vnd.wave', 'audio/webm', 'audio/aiff', 'video/mp4', 'video/webm', 'video/quicktime', 'video/ogg', 'video/x-m4v',
  'video/matroska', 'video/x-matroska', 'video/mpeg', 'video/3gpp', 'video/3gpp2', 'video/avi', 'video/vnd.avi',
])

export const SNIFF_BYTES = 4_100
const OPAQUE = 'application/octet-stream'
const REMEMBERED = 10_000

export interface MediaType {
  readonly type: string
  readonly inline: boolean
}

/** Judges by the first bytes alone; what the uploader or a file name says is not asked. */
export async function sniffMediaType(head: Uint8Array): Promise<MediaType> {
  const found = await fileTypeFromBuffer(head)
  return found !== undefined && INLINE.has(found.mime) ? { type: found.mime, inline: true } : { type: OPAQUE, inline: false }
}

/** What a browser is told about bytes that nobody here has seen: a picture can do no harm under the type of one, anything else stays opaque. */
export function mediaTypeOf(type: string): MediaType {
  return INLINE.has(type) ? { type, inline: true } : { type: OPAQUE, inline: false }
}

/** Remembers types by hash, which never go stale, so that a busy picture is not sniffed at each request. */
export class MediaTypes {
  readonly #known = new Map<BlobHash, MediaType>()

  async of(hash: BlobHash, readHead: () => Promise<Uint8Array>): Promise<MediaType> {
    const known = this.#known.get(hash)
    if (known !== undefined) return known
    const found = await sniffMediaType(await readHead())
    if (this.#known.size >= REMEMBERED) this.#known.delete(this.#known.keys().next().value as BlobHash)
    this.#known.set(hash, found)
    return found
  }
}
