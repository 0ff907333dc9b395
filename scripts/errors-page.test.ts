import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { errorCodes, errorsPage } from './lib/errors-page.mjs'

const source = `
export interface BseErrorDetails {
  /** Nobody has it: a row,
   * or a blob. */
  NOT_FOUND: { readonly what: 'row' | 'blob' }
  /** The network is away. */
  OFFLINE: Record<never, never>
}
const RETRYABLE = new Set(['OFFLINE'])
`

describe('the page of error codes', () => {
  it('reads code, meaning, details and retryability', () => {
    expect(errorCodes(source)).toEqual([
      { code: 'NOT_FOUND', meaning: 'Nobody has it: a row, or a blob.', details: "what: 'row' | 'blob'", isRetryable: false },
      { code: 'OFFLINE', meaning: 'The network is away.', details: '', isRetryable: true },
    ])
  })

  it('is committed as the source says', () => {
    const root = new URL('..', import.meta.url)
    const codes = errorCodes(readFileSync(new URL('packages/core/src/errors.ts', root), 'utf8'))
    expect(codes.every((code) => code.meaning !== '')).toBe(true)
    expect(readFileSync(new URL('docs/errors.md', root), 'utf8')).toBe(errorsPage(codes))
  })

  //
  it('has its codes in capitals, while events are named in camel case', () => {
    const read = (path: string): string => readFileSync(new URL(`../packages/core/src/${path}`, import.meta.url), 'utf8')
    for (const { code } of errorCodes(read('errors.ts'))) expect(code).toMatch(/^[A-Z]+(_[A-Z]+)*$/)
    const [, events = ''] = /interface SyncEvents \{([\s\S]*?)\n\}/.exec(read('events.ts')) ?? []
    const names = [...events.matchAll(/^ {2}(?:readonly )?(\w+):/gm)].map(([, name]) => name)
    expect(names).toContain('uploadProgress')
    for (const name of names) expect(name).toMatch(/^[a-z]+([A-Z][a-z]+)*$/)
  })
})
