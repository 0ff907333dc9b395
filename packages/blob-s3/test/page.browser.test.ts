import { describe, expect, it } from 'vitest'
import { plainProviderContext } from '@bse/core/testing'
import { s3Blobs } from '../src/index.ts'

const hash = `sha256:${'a'.repeat(64)}` as const

describe('in a page', () => {
  //
  it('asks a relative endpoint at the origin of the page', async () => {
    const asked: string[] = []
    const fetched: typeof fetch = async (input) => {
      asked.push(String(input))
      return new Response(JSON.stringify({ results: [{ hash, is: 'absent' }] }), { headers: { 'content-type': 'application/json' } })
    }
    const blobs = s3Blobs({ presignEndpoint: '/api/media/presign', storeUrl: 'https://s3.example/media' })
    blobs.connect(plainProviderContext({ fetch: fetched }))
    expect(await blobs.stat([hash], { signal: new AbortController().signal })).toEqual([{ is: 'absent' }])
    expect(asked).toEqual([`${location.origin}/api/media/presign`])
  })
})
