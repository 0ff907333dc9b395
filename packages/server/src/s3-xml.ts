import { XMLBuilder, XMLParser } from 'fast-xml-parser'
import type { FinishedPart } from '@bse/core/wire'
import type { ObjectPage } from './object-bucket.ts'

const parser = new XMLParser({ parseTagValue: false, ignoreAttributes: true, isArray: (name) => name === 'Part' || name === 'Contents' })
const builder = new XMLBuilder({})

type Element = { readonly [name: string]: unknown }

/** The code of an `<Error>`; `undefined` when the text is none, as in most answers under a 200. */
export function errorCodeIn(xml: string): string | undefined {
  return textOf(elementOf(parsed(xml), 'Error'), 'Code')
}

export function uploadIdIn(xml: string): string | undefined {
  return textOf(elementOf(parsed(xml), 'InitiateMultipartUploadResult'), 'UploadId')
}

export interface PartPage {
  readonly parts: readonly (FinishedPart & { readonly sizeBytes: number })[]
  /** Where the next page begins; `undefined` behind the last. */
  readonly next: string | undefined
}

export function partsIn(xml: string): PartPage {
  const result = elementOf(parsed(xml), 'ListPartsResult')
  const parts = listOf(result, 'Part').map((part) => ({
    partNumber: Number(textOf(part, 'PartNumber')), etag: textOf(part, 'ETag') ?? '', sizeBytes: Number(textOf(part, 'Size')),
  }))
  return { parts, next: textOf(result, 'IsTruncated') === 'true' ? textOf(result, 'NextPartNumberMarker') : undefined }
}

export function objectsIn(xml: string): ObjectPage {
  const result = elementOf(parsed(xml), 'ListBucketResult')
  const objects = listOf(result, 'Contents').map((object) => ({ key: textOf(object, 'Key') ?? '', sizeBytes: Number(textOf(object, 'Size')) }))
  return { objects, more: textOf(result, 'IsTruncated') === 'true' }
}

export function completionXml(parts: readonly FinishedPart[]): string {
  return builder.build({ CompleteMultipartUpload: { Part: parts.map(({ etag, partNumber }) => ({ PartNumber: partNumber, ETag: etag })) } })
}

/** Anything that is no XML has no elements. */
function parsed(xml: string): Element {
  try {
    return parser.parse(xml) as Element
  } catch {
    return {}
  }
}

function elementOf(parent: Element, name: string): Element {
  const found = parent[name]
  return typeof found === 'object' && found !== null ? (found as Element) : {}
}

function listOf(parent: Element, name: string): readonly Element[] {
  const found = parent[name]
  return Array.isArray(found) ? (found as readonly Element[]) : []
}

function textOf(parent: Element, name: string): string | undefined {
  const found = parent[name]
  return typeof found === 'string' ? found : undefined
}
