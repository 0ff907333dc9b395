import { hasCode, type BseError, type BseErrorCode, type ValidationIssue } from '../../src/errors.ts'
import { parseSchema, type Schema, type SchemaDefinition, type Table } from '../../src/schema/index.ts'
import type { BlobHash } from '../../src/wire/blob-hash.ts'
import type { BlobRef } from '../../src/wire/blob-ref.ts'

/** The schema of the first example, with one column of every other type. */
export const family = {
  photos: {
    id: 'uuid',
    title: 'string',
    takenAt: 'datetime',
    familyId: { type: 'ref', table: 'families' },
    image: { type: 'blob', mimeTypes: ['image/*'], maxSize: '10MB' },
    audio: { type: 'blob', mimeTypes: ['audio/*', 'application/ogg'], optional: true },
    stars: { type: 'integer', default: 0 },
    ratio: { type: 'number', optional: true },
    hidden: { type: 'boolean', default: (): boolean => false },
    tags: { type: 'json', optional: true },
  },
  families: { id: 'string', name: 'string' },
} as const

export function tableOf(definition: SchemaDefinition, name: string): Table {
  return existing(parseSchema(definition), name)
}

export function existing(schema: Schema, name: string): Table {
  const table = schema.tables.get(name)
  if (table === undefined) throw new Error(`no table ${name}`)
  return table
}

export const photos: Table = tableOf(family, 'photos')

export const png = (sizeBytes: number = 3, name: string = 'cat.png'): File => new File([new Uint8Array(sizeBytes)], name, { type: 'image/png' })

export const hashOf = (digit: string): BlobHash => `sha256:${digit.repeat(64)}`

export const refOf = (digit: string, more: Partial<BlobRef> = {}): BlobRef => ({ hash: hashOf(digit), sizeBytes: 3, type: 'image/png', ...more })

export const wholePhoto = (): { [column: string]: unknown } => ({
  title: 'Cat', takenAt: new Date('2026-01-02T03:04:05.678Z'), familyId: 'smiths', image: png(),
})

/** The error that `act` throws, which must have this code. */
export function errorOf<Code extends BseErrorCode>(code: Code, act: () => unknown): BseError<Code> {
  try {
    act()
  } catch (error) {
    if (hasCode(error, code)) return error
    throw error
  }
  throw new Error(`nothing was thrown, ${code} was expected`)
}

export function issuesOf(act: () => unknown): readonly ValidationIssue[] {
  return errorOf('VALIDATION_FAILED', act).details.issues
}

/** `column rule` of each issue. */
export function faultsOf(act: () => unknown): readonly string[] {
  return issuesOf(act).map(({ column, rule }) => `${column} ${rule}`)
}
